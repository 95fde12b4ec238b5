/** On cgroup v1, v2 and hybrid hosts: Docker's, systemd's and cgroupfs's containers have their counts and their names. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchFromJson } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { GUEST_TEST_TIMEOUT_MS as timeout, requirePart, runInGuest } from '@dentryscope/lab';
import type { CgroupLayout, KernelVersion } from '@dentryscope/lab';
import { root } from './lib/cli.js';
import { untilAgentStarted } from './lib/guest-agent.js';
import { buildWorkload } from './lib/workload.js';

const skipped = requirePart('vm');
const id = (digit: string) => digit.repeat(64);
const uid = '8d1a9a7c-3c5e-4b7a-9f2e-0123456789ab';
const slice = `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;

const containers = [
  { path: `/docker/${id('a')}`, containerId: id('a'), podUid: '' },
  {
    path: `/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${id('b')}.scope`,
    containerId: id('b'),
    podUid: uid,
  },
  { path: `/kubepods/burstable/pod${uid}/${id('c')}`, containerId: id('c'), podUid: uid },
];

/** Where the hierarchy is in which the containers' tasks are; on a hybrid host Docker and kubelet use v1. */
const hosts: [CgroupLayout, KernelVersion, string][] = [
  ['v1', '5.10', '/sys/fs/cgroup/memory'],
  ['v1', '6.1', '/sys/fs/cgroup/memory'],
  ['v2', '6.1', '/sys/fs/cgroup'],
  ['v2', '6.12', '/sys/fs/cgroup'],
  ['hybrid', '6.1', '/sys/fs/cgroup/memory'],
  ['hybrid', '6.1', '/sys/fs/cgroup/unified'],
];

let dir: string;
let workload: string;
// Not in /tmp: the guest has one of its own.
beforeAll(() => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  dir = mkdtempSync(join(root, '.cache', 'layouts-test-'));
  workload = buildWorkload(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/**
 * Each container does 1,000, 2,000 and 3,000 failed lookups, and the second creates and deletes 500 files. It says on
 * standard error where it stands, for when it hangs.
 */
const script = (hierarchy: string) => `
set -ex
dentryscope agent --transport stdout --window 1s --agent-listen off --kubernetes off --data-dir /tmp/data > /tmp/out 2> /tmp/err &
agent=$!
${untilAgentStarted}
${containers
  .map(
    ({ path }, i) =>
      `mkdir -p ${hierarchy}${path}; ${workload} miss ${(i + 1) * 1000} /data ${hierarchy}${path}/cgroup.procs > /dev/null`,
  )
  .join('\n')}
${workload} create_close_unlink 500 /data ${hierarchy}${containers[1]!.path}/cgroup.procs > /dev/null
sleep 1.5
kill -TERM $agent
wait $agent
cat /tmp/out
`;

function told(batches: readonly NodeBatch[], path: string) {
  const info = batches.flatMap((batch) => batch.cgroupInfos).find((one) => one.path === path);
  const sums = { dentriesAllocated: 0n, negativeByLookup: 0n, negativeByUnlink: 0n, instantiated: 0n };
  for (const { cgroups } of batches) {
    const row = cgroups?.ids.indexOf(info?.id ?? -1n) ?? -1;
    if (!cgroups || row < 0) continue;
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += cgroups[name][row]!;
  }
  return { containerId: info?.containerId, podUid: info?.podUid, ...sums };
}

describe.skipIf(skipped)('containers', () => {
  it.each(hosts)('on cgroup %s, Linux %s, in %s', { timeout }, async (layout, kernel, hierarchy) => {
    const { status, stdout, stderr } = await runInGuest(kernel, script(hierarchy), { cgroup: layout });
    expect(status, stderr).toBe(0);
    const batches = stdout.trim().split('\n').map(batchFromJson);
    containers.forEach(({ path, containerId, podUid }, i) => {
      const files = i === 1 ? 500n : 0n;
      const missed = BigInt(i + 1) * 1000n + files;
      expect(told(batches, path)).toEqual({
        ...{ containerId, podUid },
        ...{
          dentriesAllocated: missed,
          negativeByLookup: missed,
          negativeByUnlink: files,
          instantiated: files,
        },
      });
    });
    // What raced with one reading is in the next window's books.
    const books = batches.map(({ state }) => state!.dentriesUnexplained!);
    expect(
      books.reduce((sum, unexplained) => sum + unexplained, 0n),
      `the books: ${books.join(' ')}`,
    ).toBe(0n);
    for (const { health } of batches) expect(health?.hooks.filter(({ missed }) => missed > 0n)).toEqual([]);
  });
});
