/** An agent on this machine's own kernel, beside many short-lived cgroups, may name few: what is done is told all the same. */
import { batchFromJson } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cli, endAll, eventually } from './lib/cli.js';
import { scratch } from './lib/scratch.js';
import { quickly } from './lib/services.js';
import { Cgroup, buildExt4Workload, requireKernel } from './lib/workload.js';

const JOBS = 60;
const FAILED_LOOKUPS = 1000n;
/** More than this machine has beside the jobs. */
const ROOM = 30;
const dir = scratch();
let workload: string;

beforeAll(() => void (workload = buildExt4Workload(dir.path)));
afterEach(endAll);
afterAll(dir.remove);

/** @returns the ids of those that came, worked and went one after another */
async function runJobs(): Promise<bigint[]> {
  const ids: bigint[] = [];
  for (let n = 0; n < JOBS; n++) {
    const job = new Cgroup(`/dentryscope-${process.pid}-job-${n}`);
    ids.push(job.id);
    job.run(workload, 'miss', Number(FAILED_LOOKUPS), dir.path);
    await eventually(() => (job.remove(), true));
  }
  return ids;
}

const sum = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n);

/** Of each cgroup, over all windows. */
function allocatedBy(windows: readonly NodeBatch[]): Map<bigint, bigint> {
  const by = new Map<bigint, bigint>();
  for (const { cgroups } of windows)
    cgroups?.ids.forEach((id, row) => by.set(id, (by.get(id) ?? 0n) + cgroups.dentriesAllocated[row]!));
  return by;
}

const windowsOf = ({ stdout }: Cli) => stdout.split('\n').slice(0, -1).map(batchFromJson);

async function metric(address: string, name: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]);
}

describe.skipIf(requireKernel())(`${JOBS} short-lived cgroups, and room for ${ROOM}`, () => {
  it('make so many series and no more; the rest is cgroup 0, and nothing is lost', async () => {
    const cli = Cli.start(['agent'], {
      ...quickly,
      DENTRYSCOPE_TRANSPORT: 'stdout',
      // Pipes and sockets are in the counts of cgroups as they are in the node's.
      DENTRYSCOPE_BACKEND: 'tracepoint',
      DENTRYSCOPE_DATA_DIR: `${dir.path}/agent`,
      DENTRYSCOPE_MAX_CGROUPS: String(ROOM),
      DENTRYSCOPE_NEW_CGROUPS_PER_HOUR: '1',
    });
    const [, address] = await cli.says(/"address":"(http[^"]+)"/);
    await cli.says(/agent started/);
    const jobs = await runJobs();
    const folded = await eventually(
      async () => (await metric(address!, 'agent_cgroups_folded_total')) || undefined,
    );
    expect(await cli.end()).toEqual({ code: 0, signal: null });

    const windows = windowsOf(cli);
    const by = allocatedBy(windows);
    const named = jobs.filter((id) => by.has(id));
    expect(named.map((id) => by.get(id))).toEqual(named.map(() => FAILED_LOOKUPS));
    expect(by.size).toBe(ROOM + 1); // and cgroup 0
    expect(by.get(0n)).toBeGreaterThanOrEqual(FAILED_LOOKUPS * BigInt(JOBS - named.length));
    // The node's own count is made apart from those of cgroups, from a moment after the hooks were attached on.
    const books = windows.slice(1).map(({ cgroups, state }) => [cgroups!.dentriesAllocated, state] as const);
    expect(books.length).toBeGreaterThan(0);
    for (const [made, state] of books) expect(sum(made)).toBe(state!.dentriesAllocated);
    expect(folded).toBeGreaterThanOrEqual(1);
    expect(windows.flatMap(({ health }) => health!.degraded).join('\n')).toContain(
      'DENTRYSCOPE_NEW_CGROUPS_PER_HOUR',
    );
    const told = new Set(windows.flatMap(({ cgroupInfos }) => cgroupInfos.map(({ id }) => id)));
    expect(jobs.filter((id) => told.has(id))).toEqual(named);
  });
});
