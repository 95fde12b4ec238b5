/** The same thousand lookups on the kernels people run, through the backends they have, printed by the agent itself. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchFromJson } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { GUEST_TEST_TIMEOUT_MS, guestAvailable, KERNELS, runInGuest } from '@dentryscope/lab';
import { root } from './lib/cli.js';
import { untilAgentStarted } from './lib/guest-agent.js';
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

const BACKENDS = ['fentry', 'kprobe'] as const;

/** One boot a kernel: it is the long part. Each backend prints into a file of its own, told apart by a line between. */
const script = BACKENDS.map(
  (backend) => `
mkdir /sys/fs/cgroup/${backend}
export DENTRYSCOPE_DATA_DIR=/tmp/${backend}
dentryscope agent --transport stdout --backend ${backend} --window 1s --agent-listen off --kubernetes off > /tmp/out 2> /tmp/err &
agent=$!
${untilAgentStarted}
$workload miss 1000 /data/${backend} /sys/fs/cgroup/${backend}/cgroup.procs > /dev/null
sleep 2
kill -TERM $agent
wait $agent
echo "== ${backend}"
cat /tmp/out
`,
).join('');

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
  it.each(KERNELS)(
    '%s the agent prints exactly 1,000, through fentry and through kprobe',
    async (kernel) => {
      const setUp = `set -e; workload=${workload}; mkdir /data/fentry /data/kprobe\n`;
      const { status, stdout, stderr } = await runInGuest(kernel, setUp + script);
      expect(status, stderr).toBe(0);
      for (const backend of BACKENDS) {
        const printed = stdout.split(`== ${backend}\n`)[1]!.split('\n== ')[0]!;
        const batches = printed.trim().split('\n').map(batchFromJson); // throws on a line that is anything else
        expect(batches.length).toBeGreaterThan(1);
        const [first] = batches;
        expect(batches.map(({ seq }) => seq)).toEqual(batches.map((_, index) => first!.seq + BigInt(index)));
        expect(sum(batches, `/${backend}`)).toEqual({ allocated: 1000n, named: true });
        const { hooks, kernelRelease } = batches.at(-1)!.health!;
        expect(hooks).toContainEqual(expect.objectContaining({ hook: 'dentry_alloc', backend, missed: 0n }));
        expect(kernelRelease.startsWith(kernel)).toBe(true);
      }
    },
    GUEST_TEST_TIMEOUT_MS,
  );
});

function missing(): true {
  const reason = `no guest kernels: ${String(guestAvailable())}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}
