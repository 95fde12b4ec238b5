/** Which cgroup pays, on v1 and v2 hierarchies, at a memory limit, and with how little privilege. Exact means equal. */
import { describe, expect, it } from 'vitest';
import { GUEST_TEST_TIMEOUT_MS as timeout, requirePart } from '@dentryscope/lab';
import { expectWhole, hookOf, inGuest } from './guest.js';
import type { Result } from './guest.js';
import { together } from './hook-table.js';
import { compileWorkload, scratch } from './support.js';

const skipped = requirePart('vm');
const binary = skipped ? '' : compileWorkload(scratch());
const one = (op: string, dir: string, n = 1000) => ({ name: `${op} ${dir}`, work: [{ op, n, dir }] });
const allocated = (result?: Result) =>
  result?.runs.map(({ counts }) => counts.map((cgroup) => cgroup.dentriesAllocated));

/** Debian's 6.12 has no v1 memory controller, so it is the one with v2 alone. */
describe.skipIf(skipped)('Linux 6.12, cgroup v2', () => {
  it('needs no more than CAP_BPF and CAP_PERFMON for fentry and tracepoints', { timeout }, async () => {
    const opens = ['fentry', 'tracepoint'].map((backend) => ({ backends: [backend] }));
    const configs = [{ opens, runs: [{ ...one('miss', '/data'), roots: ['/sys/fs/cgroup/ours'] }] }];
    // The root's directory is not writable, which only root with all capabilities overlooks.
    const only = 'mkdir /sys/fs/cgroup/ours; exec setpriv --bounding-set=-all,+bpf,+perfmon --inh-caps=-all';
    for (const { hooks, runs: results } of await inGuest('6.12', 'v2', binary, configs, only)) {
      for (const hook of ['dentry_alloc', 'dentry_free', 'cgroup_life'] as const)
        expect(hookOf({ hooks }, hook)?.backend).not.toBeNull();
      expect(results[0]?.counts[0]?.dentriesAllocated).toBe('1000');
    }
  });
});

describe.skipIf(skipped)('Linux 6.1 with 8 CPUs', () => {
  it('sums what each of them counted', { timeout }, async () => {
    const run = together('/sys/fs/cgroup').find(({ name }) => name === '8 processes in one cgroup')!;
    const exact = [{ opens: [{ backends: ['fentry'] }], runs: [run] }];
    const [result] = await inGuest('6.1', 'v2', binary, exact, 'exec', 8);
    expect(allocated(result)).toEqual([['8000']]);
    expectWhole(result, 'fentry');
  });
});

/** v1 of Debian's 6.12 has no memory controller: there its pids hierarchy is the one that pays. */
describe.skipIf(skipped).each([
  ['5.10', 'memory'],
  ['6.1', 'memory'],
  ['6.12', 'pids'],
] as const)('Linux %s, cgroup v1 (%s) and v2', (kernel, controller) => {
  const v1 = `/sys/fs/cgroup/${controller}`;
  const v2 = '/sys/fs/cgroup/unified';
  const miss = (...roots: string[]) => ({ ...one('miss', '/data'), roots });

  it('charges the hierarchy in which the task is, or the one preferred', { timeout }, async () => {
    const results = await inGuest(kernel, 'hybrid', binary, [
      { runs: [miss(v2, v1), miss(v1)] },
      { opens: [{ preferV1: true }], runs: [miss(v2, v1), miss(v2)] },
    ]);
    expect(results.map(allocated)).toEqual([
      [['1000', '0'], ['1000']],
      [['0', '1000'], ['1000']],
    ]);
  });

  it('counts in a v1 hierarchy where there is no v2', { timeout }, async () => {
    const [result] = await inGuest(kernel, 'v1', binary, [{ runs: [miss(v1)] }]);
    expect(allocated(result)).toEqual([['1000']]);
  });
});

describe.skipIf(skipped).each(['5.10', '6.1'] as const)('Linux %s', (kernel) => {
  it('does not count what failed at the memory limit', { timeout }, async () => {
    const atLimit = {
      ...one('miss_or_fail', '/data', 20_000),
      roots: ['/sys/fs/cgroup/memory'],
      limitBytes: 400_000,
    };
    const opens = ['fentry', 'kprobe'].map((backend) => ({ backends: [backend] }));
    const exact = [{ opens, runs: [atLimit] }];
    for (const { runs, unexplained } of await inGuest(kernel, 'hybrid', binary, exact)) {
      expect(runs[0]?.failed).toBeGreaterThan(0);
      expect(runs[0]?.counts[0]?.dentriesAllocated).toBe(String(20_000 - (runs[0]?.failed ?? 0)));
      expect(unexplained).toBe('0');
    }
  });
});
