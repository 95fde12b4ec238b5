/** The benchmark of the kernel side runs and its counts are whole; how large its figures are is not asked here. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hookReport } from '@dentryscope/native';

const root = join(import.meta.dirname, '..');
const main = join(root, 'bench/kernel/main.mjs');

interface Summary {
  readonly rounds: number;
  readonly median: number;
}

function missing(): string | undefined {
  const alloc = hookReport().find(({ hook }) => hook === 'dentry_alloc');
  if (alloc?.backend === 'tracepoint') return undefined;
  const reason = alloc?.tried.map(({ error }) => error).join('; ') ?? '';
  const text = `bench:kernel compares slab tracepoints, and the kernel gave ${alloc?.backend ?? 'none'}: ${reason}`;
  if (process.env['CI'] === 'true' && !alloc?.backend) throw new Error(text);
  process.stderr.write(`skipped: ${text}\n`);
  return text;
}

function bench<T>(...flags: string[]): T {
  const folder = mkdtempSync(join(tmpdir(), 'bench-kernel-'));
  const json = join(folder, 'figures.json');
  try {
    execFileSync(process.execPath, [main, '--rounds', '1', '--no-page', '--json', json, ...flags], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return JSON.parse(readFileSync(json, 'utf8')) as T;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const positive = (figures: Record<string, Summary>) => {
  for (const [name, { rounds, median }] of Object.entries(figures)) {
    expect(rounds, name).toBe(1);
    expect(median, name).toBeGreaterThan(0);
  }
};

/** Cgroups of a bench that has ended. */
function leftCgroups(pid: number): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const v2 = mounts.map((line) => line.split(' ')).find((fields) => fields.at(-3) === 'cgroup2')?.[4];
  const path = v2 === undefined ? '' : join(v2, `dentryscope-bench-${pid}`);
  return existsSync(path) ? [path] : [];
}

describe.skipIf(missing())('npm run bench:kernel', () => {
  it('counts every event in each way of counting', () => {
    type Counts = Record<string, { events: number; counted: number }>;
    const { cost } = bench<{ cost: { perEventNs: Record<string, Summary>; counts: Counts } }>(
      '--only',
      'cost',
    );
    expect(Object.keys(cost.counts).sort()).toEqual(Object.keys({ ...cost.perEventNs, freed: 0 }).sort());
    for (const [name, { events, counted }] of Object.entries(cost.counts)) {
      expect(events, name).toBeGreaterThan(0);
      expect(counted, name).toBe(events);
    }
    positive(cost.perEventNs);
  });

  it('sees a storm whole by ours and by bpftrace', () => {
    const { storm } = bench<{ storm: { perLookupNs: Record<string, Summary> } }>(
      ...['--only', 'storm', '--lookups', '2000'],
    );
    expect(Object.keys(storm.perLookupNs)).toEqual([
      ...['none', 'floor', 'ours', 'bpftrace', 'floorAllocations', 'oursAllocations', 'bpftraceAllocations'],
      ...['floorCopies', 'oursCopies'],
    ]);
    positive(storm.perLookupNs);
  });

  it('reads the one lookup of each cgroup', () => {
    const { drain } = bench<{ drain: { cgroups: number; perEntryNs: Record<string, Summary> } }>(
      ...['--only', 'drain', '--cgroups', '20'],
    );
    expect(drain.cgroups).toBe(20);
    positive(drain.perEntryNs);
  });

  it('watches the agent and node-exporter', () => {
    interface Figures {
      readonly cpuPercent: number;
      readonly rssMiB: number;
    }
    const { agent } = bench<{ agent: { did: { dentries: number }; agent: Figures; exporter: Figures } }>(
      ...['--only', 'agent', '--minutes', '0.5', '--busy', '5', '--dentries', '1000'],
    );
    // Five cgroups with four lookups a second; the last window is not closed yet.
    expect(agent.did.dentries).toBeGreaterThan(5 * 4 * 10);
    for (const { cpuPercent, rssMiB } of [agent.agent, agent.exporter]) {
      expect(cpuPercent).toBeGreaterThanOrEqual(0);
      expect(rssMiB).toBeGreaterThan(5);
    }
  });

  it('leaves no cgroup and no folder behind when it is interrupted', async () => {
    const folders = () =>
      readdirSync(join(root, '.cache')).filter((name) => name.startsWith('bench-kernel-'));
    const before = folders();
    const child = spawn(process.execPath, [main, '--no-page', '--only', 'storm', '--rounds', '1000'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.resume();
    const storm = (pid: number) => leftCgroups(pid).some((path) => existsSync(join(path, 'storm0')));
    await expect.poll(() => storm(child.pid!), { timeout: 60_000 }).toBe(true);
    child.kill('SIGINT');
    const [status] = (await once(child, 'exit')) as [number];
    expect(status).toBe(130);
    expect(leftCgroups(child.pid!)).toEqual([]);
    expect(folders().filter((name) => !before.includes(name))).toEqual([]);
    expect(existsSync(`/proc/${child.pid}`)).toBe(false);
  });
});
