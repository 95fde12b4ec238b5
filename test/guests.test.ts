/** The same thousand lookups on the kernels people run, through the backends they have, printed by the agent itself. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchFromJson } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { guestAvailable, KERNELS, runInGuest } from '@dentryscope/lab';
import { root } from './lib/cli.js';
import { buildWorkload } from './lib/workload.js';

const cache = join(root, '.cache');
let dir: string;
let workload: string;

// Not in /tmp: the guest has one of its own, and sees this machine's other folders.
beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  dir = mkdtempSync(join(cache, 'guest-test-'));
  workload = buildWorkload(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const script = (backend: string) => `
set -e
mkdir /sys/fs/cgroup/lookups
dentryscope agent --transport stdout --backend ${backend} --window 1s --agent-listen off --kubernetes off > /tmp/out 2> /tmp/err &
agent=$!
until grep -q 'agent started' /tmp/err; do kill -0 $agent || { cat /tmp/err >&2; exit 3; }; sleep 0.2; done
${workload} miss 1000 /data /sys/fs/cgroup/lookups/cgroup.procs
sleep 2
kill -TERM $agent
wait $agent
cat /tmp/out
`;

function sum(batches: readonly NodeBatch[], path: string): { allocated: bigint; named: boolean } {
  const id = batches.flatMap((batch) => batch.cgroupInfos).find((info) => info.path === path)?.id;
  let allocated = 0n;
  for (const { cgroups } of batches)
    cgroups?.ids.forEach((each, index) => {
      if (each === id) allocated += cgroups.dentriesAllocated[index]!;
    });
  return { allocated, named: id !== undefined };
}

describe.skipIf(guestAvailable() && missing())('in a guest', () => {
  const cases = KERNELS.flatMap((kernel) =>
    ['fentry', 'kprobe'].map((backend) => [kernel, backend] as const),
  );

  it.each(cases)('%s the agent prints exactly 1,000 through %s', async (kernel, backend) => {
    const { status, stdout, stderr } = await runInGuest(kernel, script(backend));
    expect(status, stderr).toBe(0);
    const lines = stdout.trim().split('\n');
    const batches = lines.map(batchFromJson); // throws on a line that is anything else
    expect(batches.length).toBeGreaterThan(1);
    expect(batches.map(({ seq }) => seq)).toEqual(batches.map((_, index) => BigInt(index + 1)));
    expect(sum(batches, '/lookups')).toEqual({ allocated: 1000n, named: true });
    const hooks = batches.at(-1)!.health!.hooks.map((hook) => [hook.hook, hook.backend, hook.missed]);
    expect(hooks).toContainEqual(['dentry_alloc', backend, 0n]);
    expect(batches.at(-1)!.health!.kernelRelease.startsWith(kernel)).toBe(true);
  });
});

function missing(): true {
  const reason = `no guest kernels: ${String(guestAvailable())}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}
