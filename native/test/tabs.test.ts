/** What CPUs owe to cgroups, read while they go on, and CPUs that have no tab: bpf/include/tab.h. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DentryProbe } from '@dentryscope/native';
import { countsOf, makeCgroup, work } from './measure.mjs';
import { cgroup2, compileWorkload, scratch, withoutKernel } from './support.js';

const skipped = withoutKernel();
const LAST_CPU = availableParallelism() - 1;
const MISSES = 200_000;
const N = 1000;

describe.skipIf(skipped)('on this kernel', () => {
  const dir = scratch();
  const binary = skipped ? '' : compileWorkload(dir);
  const root = skipped ? '' : cgroup2();

  interface Running {
    probe: DentryProbe;
    /** What each process's cgroup has allocated. */
    told: () => bigint[];
    ended: Promise<unknown>;
  }

  /** Processes, each in a cgroup of its own; `look` sees them run. */
  async function underProbe(
    options: Parameters<typeof DentryProbe.open>[0],
    works: Parameters<typeof work>[1][],
    look: (running: Running) => Promise<void>,
  ) {
    const cgroups = works.map(() => makeCgroup(root));
    const probe = DentryProbe.open(options);
    const ended = Promise.all(works.map((one, i) => work(binary, one, [cgroups[i]!])));
    const told = () => {
      const drained = probe.drain();
      return cgroups.map(({ id }) => countsOf(drained, id).dentriesAllocated ?? 0n);
    };
    try {
      await look({ probe, told, ended });
    } finally {
      await Promise.allSettled([ended]);
      probe.close();
      for (const cgroup of cgroups) await cgroup.remove();
    }
  }

  it('two cgroups that take turns on a CPU: at any time no less than before, and all in the end', async () => {
    const turns = { op: 'miss_in_turn', n: MISSES, dir, cpu: LAST_CPU };
    await underProbe({}, [turns, turns], async ({ told, ended }) => {
      let [running, last] = [true, told()];
      void ended.catch(() => undefined).finally(() => (running = false));
      const seen = new Set<bigint>();
      for (; running; await turn())
        for (let i = 0; i < 100; i += 1) {
          const now = told();
          if (now.some((count, which) => count < last[which]!)) expect(now, 'never back').toEqual(last);
          seen.add(now[0]!);
          last = now;
        }
      await ended;
      expect(seen.size, 'looks in between').toBeGreaterThan(1000);
      expect(told()).toEqual([BigInt(MISSES), BigInt(MISSES)]);
    });
  });

  describe('of CPUs only the first has a tab', () => {
    const bpf = fileURLToPath(new URL('../../bpf', import.meta.url));
    const bpfDir = join(dir, 'one-tab');
    if (!skipped)
      execFileSync('make', ['-s', '-C', bpf, `OUT=${bpfDir}`, 'CLANG=clang -DDS_NR_TABS=1'], {
        stdio: 'pipe',
      });

    it('counts the same on each', async () => {
      const works = [0, LAST_CPU].map((cpu) => ({ op: 'miss', n: N, dir, cpu }));
      await underProbe({ bpfDir }, works, async ({ told, ended }) => {
        await ended;
        expect(told()).toEqual([BigInt(N), BigInt(N)]);
      });
    });

    it('counts what the others free', async () => {
      const folder = join(dir, 'to-be-removed');
      mkdirSync(folder);
      await underProbe({ bpfDir }, [{ op: 'miss', n: N, dir: folder }], async ({ probe, ended }) => {
        await ended;
        const freed = () => Number(probe.drain().totals.freedAll);
        const before = freed();
        execFileSync('taskset', ['-c', String(LAST_CPU), 'rm', '-r', folder]);
        for (let i = 0; i < 100 && freed() < before + N; i += 1) await sleep(50);
        expect(freed()).toBeGreaterThanOrEqual(before + N);
      });
    });
  });
});
