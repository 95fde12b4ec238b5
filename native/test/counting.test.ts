/** This machine's own kernel, whatever backend it allows. Exact means equal. */
import { describe, expect, it } from 'vitest';
import { DentryProbe } from '@dentryscope/native';
import { movedOps } from './hook-table.js';
import { countsOf, makeCgroup, undisturbed, work } from './measure.mjs';
import type { TestCgroup } from './measure.mjs';
import { cgroup1Memory, cgroup2, compileWorkload, scratch, withoutKernel } from './support.js';

const skipped = withoutKernel();
const v1 = cgroup1Memory();

/** ds_slot() of bpf/include/dentryscope.h. */
const slotOf = (id: bigint) => BigInt.asUintN(64, id * 0x9e3779b97f4a7c15n) >> 52n;

/** Two fresh cgroups whose ids fall into one slot. */
async function rivals(root: string): Promise<[TestCgroup, TestCgroup]> {
  const made = new Map<bigint, TestCgroup>();
  for (;;) {
    const cgroup = makeCgroup(root);
    const slot = slotOf(cgroup.id);
    const rival = made.get(slot);
    if (rival) made.delete(slot);
    else made.set(slot, cgroup);
    if (!rival) continue;
    for (const other of made.values()) await other.remove();
    return [rival, cgroup];
  }
}

describe.skipIf(skipped)('on this kernel', () => {
  const dir = scratch();
  const binary = skipped ? '' : compileWorkload(dir);
  const v2 = skipped ? '' : cgroup2();
  const miss = (n: number) => ({ op: 'miss', n, dir });

  /** Each process in a cgroup of its own below `roots[i]`; gives what each cgroup allocated. */
  async function allocated(options: Parameters<typeof DentryProbe.open>[0], roots: string[][], ns: number[]) {
    const cgroups = roots.map((all) => all.map(makeCgroup));
    const probe = DentryProbe.open(options);
    try {
      await Promise.all(cgroups.map((all, i) => work(binary, miss(ns[i] ?? 0), all)));
      const drained = probe.drain();
      return {
        drained,
        counts: cgroups.map((all) => all.map(({ id }) => countsOf(drained, id).dentriesAllocated)),
      };
    } finally {
      probe.close();
      for (const cgroup of cgroups.flat()) await cgroup.remove();
    }
  }

  it('counts exactly 1,000 failed lookups in a v2 cgroup', async () => {
    expect((await allocated({}, [[v2]], [1000])).counts).toEqual([[1000n]]);
  });

  it.skipIf(!v1)('counts exactly 1,000 in a v1 memory cgroup of a task that is in the v2 root', async () => {
    expect((await allocated({}, [[v1 ?? '']], [1000])).counts).toEqual([[1000n]]);
  });

  it.skipIf(!v1)('lets v2 pay for a task that is in both, and v1 when it is preferred', async () => {
    const both = [[v2, v1 ?? '']];
    expect((await allocated({}, both, [1000])).counts).toEqual([[1000n, 0n]]);
    expect((await allocated({ preferV1: true }, both, [1000])).counts).toEqual([[0n, 1000n]]);
  });

  it('tells two processes of two cgroups apart while both run', async () => {
    const { counts } = await allocated({}, [[v2], [v2]], [20_000, 30_000]);
    expect(counts).toEqual([[20_000n], [30_000n]]);
  });

  it('two probes at once count the same', async () => {
    const other = DentryProbe.open();
    const cgroup = makeCgroup(v2);
    const probe = DentryProbe.open();
    await work(binary, miss(1000), [cgroup]);
    expect([probe, other].map((one) => countsOf(one.drain(), cgroup.id).dentriesAllocated)).toEqual([
      1000n,
      1000n,
    ]);
    probe.close();
    other.close();
    await cgroup.remove();
  });

  it('sees what the hooks it was told see, and all else is absent', async () => {
    const { drained, counts } = await allocated({ hooks: ['dentry_alloc'] }, [[v2]], [1000]);
    expect(counts).toEqual([[1000n]]);
    const seen = Object.entries(drained.columns).filter(([, column]) => column !== null);
    expect(seen.map(([counter]) => counter)).toEqual(['dentriesAllocated']);
    expect(drained.totals.freedAll).toBeNull();
    const probe = DentryProbe.open({ hooks: ['dentry_alloc'] });
    const attached = probe.hooks.filter(({ backend, tried }) => backend !== null || tried.length > 0);
    expect(attached.map(({ hook }) => hook)).toEqual(['dentry_alloc']);
    expect(probe.live()).toBeNull();
    probe.close();
  });

  it('loses nothing when the map is full: the overflow has it', async () => {
    const { drained, counts } = await allocated({ maxCgroups: 1 }, [[v2], [v2], [v2]], [1000, 2000, 3000]);
    const inMap = drained.columns.dentriesAllocated?.reduce((sum, n) => sum + n, 0n) ?? 0n;
    const own = counts.flat().reduce((sum: bigint, n) => sum + (n ?? 0n), 0n);
    const overflow = drained.overflow.dentriesAllocated ?? 0n;
    expect(drained.ids.length).toBe(1);
    expect(counts.flat().filter((n) => n !== 0n).length).toBeLessThanOrEqual(1);
    expect(own + overflow).toBeGreaterThanOrEqual(6000n);
    expect(inMap + overflow).toBe(drained.totals.allocatedAll);
  });

  it('loses nothing to two cgroups that fight over a slot', async () => {
    const [a, b] = await rivals(v2);
    const probe = DentryProbe.open();
    await work(binary, { op: 'miss_alternating', n: 200, dir }, [a, b]);
    const drained = probe.drain();
    expect([a, b].map(({ id }) => countsOf(drained, id).dentriesAllocated)).toEqual([100n, 100n]);
    expect(drained.overflow.dentriesAllocated).toBe(0n);
    probe.close();
    for (const cgroup of [a, b]) await cgroup.remove();
  });

  it.each(movedOps)('%s: counts for its new cgroup a task that runs while another moves it', async (op) => {
    const attempt = async () => {
      const [from, to] = [makeCgroup(v2), makeCgroup(v2)];
      const probe = DentryProbe.open();
      const { switches } = await work(binary, { op, n: 1500, dir }, [from, to]);
      const drained = probe.drain();
      probe.close();
      for (const cgroup of [from, to]) await cgroup.remove();
      expect([from, to].map(({ id }) => countsOf(drained, id).dentriesAllocated)).toEqual([500n, 1000n]);
      return switches;
    };
    // The soft-lockup watchdog, every 4 s, may take even a real-time task's CPU; then it is another case.
    const { result: switches } = await undisturbed(attempt, (switches) => switches !== 0);
    expect(switches, 'context switches during the move').toBe(0);
  });

  it('keeps in the totals what a forgotten cgroup counted, and starts it anew', async () => {
    const cgroup = makeCgroup(v2);
    const probe = DentryProbe.open();
    await work(binary, miss(1000), [cgroup]);
    const before = probe.drain().totals.allocatedAll ?? 0n;
    probe.forget([cgroup.id, 0xdeadn]);
    const after = probe.drain();
    expect(after.ids).not.toContain(cgroup.id);
    expect(after.totals.allocatedAll).toBeGreaterThanOrEqual(before);
    await work(binary, miss(10), [cgroup]);
    expect(countsOf(probe.drain(), cgroup.id).dentriesAllocated).toBe(10n);
    probe.close();
    await cgroup.remove();
  });
});
