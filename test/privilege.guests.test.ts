/** The agent without root's powers: with a few capabilities it measures all, and of each it can show what it is for. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchFromJson } from '@dentryscope/contracts';
import type { HookStatus, NodeBatch } from '@dentryscope/contracts';
import { GUEST_TEST_TIMEOUT_MS as timeout, requirePart, runInGuest } from '@dentryscope/lab';
import type { KernelVersion } from '@dentryscope/lab';
import { root } from './lib/cli.js';
import { untilAgentStarted } from './lib/guest-agent.js';
import { buildWorkload } from './lib/workload.js';

const skipped = requirePart('vm');
let dir: string;
let workload: string;
// Not in /tmp: the guest has one of its own.
beforeAll(() => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  dir = mkdtempSync(join(root, '.cache', 'privilege-test-'));
  workload = buildWorkload(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** An agent of uid 0 with these capabilities alone counts 1,000 failed lookups of a cgroup; its windows follow a line. */
const agentWith = (capabilities: readonly string[], name: string) => `
mkdir -p /sys/fs/cgroup/${name} /data/${name}
setpriv --bounding-set=-all,${capabilities.map((one) => `+${one}`).join(',')} --inh-caps=-all \\
  dentryscope agent --transport stdout --window 1s --agent-listen off --kubernetes off --data-dir /tmp/${name} > /tmp/out 2> /tmp/err &
agent=$!
${untilAgentStarted}
${workload} miss 1000 /data/${name} /sys/fs/cgroup/${name}/cgroup.procs > /dev/null
sleep 1.5
kill -TERM $agent
wait $agent
echo "== ${name}"
cat /tmp/out
`;

interface Told {
  batches: NodeBatch[];
  hooks: readonly HookStatus[];
}

async function inGuest(
  kernel: KernelVersion,
  sets: Record<string, readonly string[]>,
): Promise<Record<string, Told>> {
  // Debian's default; what is refused without CAP_SYSLOG shows only then.
  const script = ['set -e; echo 1 > /proc/sys/kernel/dmesg_restrict'];
  for (const [name, capabilities] of Object.entries(sets)) script.push(agentWith(capabilities, name));
  const { status, stdout, stderr } = await runInGuest(kernel, script.join('\n'));
  expect(status, stderr).toBe(0);
  return Object.fromEntries(
    Object.keys(sets).map((name) => {
      const printed = stdout.split(`== ${name}\n`)[1]!.split('\n== ')[0]!;
      const batches = printed.trim().split('\n').map(batchFromJson);
      return [name, { batches, hooks: batches.at(-1)!.health!.hooks }];
    }),
  );
}

const backendOf = ({ hooks }: Told, name: string) => hooks.find(({ hook }) => hook === name)?.backend;
const reasonOf = ({ hooks }: Told, name: string) => hooks.find(({ hook }) => hook === name)?.reason;

function allocatedBy({ batches }: Told, path: string): bigint {
  const id = batches.flatMap((batch) => batch.cgroupInfos).find((info) => info.path === path)?.id;
  const counts = batches.map(
    ({ cgroups }) => cgroups?.dentriesAllocated[cgroups.ids.indexOf(id ?? -1n)] ?? 0n,
  );
  return counts.reduce((sum, n) => sum + n, 0n);
}

describe.skipIf(skipped)('capabilities', () => {
  it('BPF, PERFMON and SYSLOG are enough on Linux 6.12; each is needed', { timeout }, async () => {
    const told = await inGuest('6.12', {
      all: ['bpf', 'perfmon', 'syslog'],
      no_syslog: ['bpf', 'perfmon'],
      no_perfmon: ['bpf', 'syslog'],
      no_bpf: ['perfmon', 'syslog'],
    });
    expect(
      told['all']!.hooks.filter(({ backend }) => backend === '').map(({ hook, reason }) => [hook, reason]),
    ).toEqual([]);
    expect(allocatedBy(told['all']!, '/all')).toBe(1000n);
    expect(allocatedBy(told['no_syslog']!, '/no_syslog')).toBe(1000n);
    expect(backendOf(told['no_syslog']!, 'kernel_log')).toBe('');
    expect(reasonOf(told['no_syslog']!, 'kernel_log')).toMatch(/CAP_SYSLOG/);
    for (const name of ['no_perfmon', 'no_bpf']) {
      expect(backendOf(told[name]!, 'dentry_alloc'), name).toBe('');
      expect(reasonOf(told[name]!, 'dentry_alloc')).toMatch(/CAP_BPF and CAP_PERFMON/);
      expect(told[name]!.batches.every(({ cgroups }) => cgroups?.dentriesAllocated.length === 0)).toBe(true);
      expect(told[name]!.batches.at(-1)!.state?.nrDentry).toBeGreaterThan(0n);
    }
  });

  it('Linux 5.10 wants SYS_RESOURCE too: it charges maps to RLIMIT_MEMLOCK', { timeout }, async () => {
    const told = await inGuest('5.10', {
      all: ['bpf', 'perfmon', 'syslog', 'sys_resource'],
      no_resource: ['bpf', 'perfmon', 'syslog'],
    });
    expect(allocatedBy(told['all']!, '/all')).toBe(1000n);
    expect(backendOf(told['all']!, 'dentry_unlink')).toBe('fentry');
    expect(backendOf(told['no_resource']!, 'dentry_alloc')).toBe('');
    expect(reasonOf(told['no_resource']!, 'dentry_alloc')).toMatch(/RLIMIT_MEMLOCK/);
  });
});
