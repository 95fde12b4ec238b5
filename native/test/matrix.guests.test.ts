/** Every operation of the hook table, a thousand times, on the kernels of Debian 11, 12 and 13; all backends look on. */
import { beforeAll, describe, expect, it } from 'vitest';
import { GUEST_TEST_TIMEOUT_MS, KERNELS, requirePart } from '@dentryscope/lab';
import type { Backend, Counter } from '@dentryscope/native';
import { expectNothing, expectSlabBooks, expectWhole, inGuest } from './guest.js';
import type { Counts, Result } from './guest.js';
import { N, movedOps, nameOf, prepare, runsOf, slab, stateOf, table, together, whole } from './hook-table.js';
import type { Expected, Row } from './hook-table.js';
import { compileWorkload, scratch } from './support.js';

const skipped = requirePart('vm');
const binary = skipped ? '' : compileWorkload(scratch());
const backends: Backend[] = ['fentry', 'kprobe', 'tracepoint'];
const root = '/sys/fs/cgroup';

const runOf = (result: Result | undefined, name: string) => result?.runs.find((run) => run.name === name);

const expectedOf = (op: string): Expected =>
  table.find((row) => row.op === op && ['/data'].includes(row.dir))?.expected ?? {};

describe.skipIf(skipped).each(KERNELS)('Linux %s', (kernel) => {
  const runs = [...runsOf(root), ...together(root)];
  let results: Record<Backend, Result | undefined>;

  beforeAll(async () => {
    const opens = backends.map((backend) => ({ backends: [backend] }));
    const configs = [{ opens, runs }];
    const [fentry, kprobe, tracepoint] = await inGuest(kernel, 'v2', binary, configs, `${prepare} && exec`);
    results = { fentry, kprobe, tracepoint };
  }, GUEST_TEST_TIMEOUT_MS);

  it.each(['fentry', 'kprobe'] as const)('loses nothing by %s: the books are even', (backend) => {
    expectWhole(results[backend], backend);
    const made = runs.map((run) => run.roots.length * runOf(results[backend], run.name)!.attempts);
    expect(results[backend]?.events).toHaveLength(2 * made.reduce((sum, n) => sum + n, 0));
  });

  it('reports by tracepoint what is not seen as absent, and what was lost', () => {
    if (kernel === '5.10') expectNothing(results.tracepoint);
    else expectSlabBooks(results.tracepoint);
  });

  // The tracepoints of 5.10 see nothing: that is tested above.
  const seeing = backends.filter((backend) => kernel !== '5.10' || backend !== 'tracepoint');
  describe.each(seeing)('by %s', (backend) => {
    const must = (expected: Expected) => (backend === 'tracepoint' ? slab(expected) : whole(expected));

    it.each(table.map((row): [string, Row] => [nameOf(row), row]))('%s', (name, { expected }) => {
      const run = runOf(results[backend], name);
      expect(run?.counts).toEqual([must(expected)]);
      const { dentries, negative } = run!.states[0]!;
      expect({ dentries, negative }, 'dentry-state').toEqual(stateOf(expected));
    });

    it('8 processes at once, each in its cgroup', () => {
      const ops = together(root)[0]!.work.map(({ op }) => op);
      expect(runOf(results[backend], '8 processes in 8 cgroups')?.counts).toEqual(
        ops.map((op) => must(expectedOf(op))),
      );
    });

    it('8 processes at once in one cgroup', () => {
      const { counts } = runOf(results[backend], '8 processes in one cgroup')!;
      const one = expectedOf('create_close_unlink');
      expect(counts).toEqual([backend === 'tracepoint' ? slab(one, 8 * N) : whole(one, 8 * N)]);
    });

    it('two cgroups on one directory, with names of their own', () => {
      const { counts } = runOf(results[backend], 'two cgroups, one directory')!;
      expect(counts).toEqual([must(expectedOf('miss')), must(expectedOf('miss'))]);
    });

    it('two cgroups on the same names: each becomes negative once', () => {
      const { counts, states } = runOf(results[backend], 'two cgroups, the same names at once')!;
      const sum = (counter: Counter) => counts.reduce((all, one: Counts) => all + Number(one[counter]), 0);
      // Whoever comes second may have allocated already, and frees it again.
      expect(sum('dentriesAllocated')).toBeGreaterThanOrEqual(N);
      if (backend === 'tracepoint') return;
      expect(sum('negativeByLookup')).toBe(N);
      expect(sum('dentriesAllocated') - sum('dentriesFreed')).toBe(N);
      expect(sum('negativesFreed')).toBe(sum('dentriesFreed'));
      expect(states).toHaveLength(2);
    });

    it('a process that moves pays half in each', () => {
      const half = expectedOf('miss');
      const of = (n: number) => (backend === 'tracepoint' ? slab(half, n) : whole(half, n));
      expect(runOf(results[backend], 'a process that moves')?.counts).toEqual([of(N / 2), of(N / 2)]);
    });

    it.each(movedOps)('%s: a task that runs while another moves it pays in each what it did there', (op) => {
      const { counts, states } = runOf(results[backend], op)!;
      const of = (n: number) =>
        backend === 'tracepoint' ? slab(expectedOf('miss'), n) : whole(expectedOf('miss'), n);
      expect(counts).toEqual([of(N / 2), of(N)]);
      expect(states[0]?.switches, 'context switches during the move').toBe(0);
    });
  });
});
