/** Reclaim on this machine's own kernel, by whatever it allows. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ReclaimProbe } from '@dentryscope/native';
import type { Backend, ReclaimDrained, ReclaimHookReport } from '@dentryscope/native';
import { makeCgroup, work } from './measure.mjs';
import { cgroup1Memory, compileWorkload, scratch, withoutKernel } from './support.js';

const skipped = withoutKernel();
const v1 = cgroup1Memory();

function hookOf(hooks: ReclaimHookReport[], name: string) {
  return hooks.find(({ hook }) => hook === name);
}

/** What the kernel tells of the maps that this process has open. */
function bpfMaps(): Record<string, number>[] {
  const infos = readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    try {
      return [readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')];
    } catch {
      // That of the directory itself, which is closed again.
      return [];
    }
  });
  return infos
    .filter((text) => text.includes('map_type:'))
    .map((text) =>
      Object.fromEntries(
        [...text.matchAll(/^(\w+):\t(\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
      ),
    );
}

const eventsOf = ({ ids, memory }: ReclaimDrained, id: bigint) => ({
  events: memory.events?.[ids.indexOf(id)] ?? 0n,
  ns: memory.ns?.[ids.indexOf(id)] ?? 0n,
});

describe.skipIf(skipped)('on this kernel', () => {
  it('sees direct reclaim and shrinkers by tracepoints, and says why not the dentries', () => {
    const probe = ReclaimProbe.open({ backends: ['tracepoint'] });
    const { hooks } = probe;
    const drained = probe.drain();
    probe.close();
    for (const name of ['reclaim_direct', 'shrinkers'])
      expect(hookOf(hooks, name)).toMatchObject({ backend: 'tracepoint', tried: [] });
    for (const name of ['reclaim_prune', 'reclaim_remount', 'reclaim_umount', 'reclaim_freed']) {
      expect(hookOf(hooks, name)?.backend).toBeNull();
      expect(hookOf(hooks, name)?.tried[0]?.error).toContain('mixes them with inodes');
    }
    for (const columns of Object.values(drained.columns))
      expect(columns).toEqual({ events: null, ns: null, freed: null });
  });

  it('has room for each kind of as many cgroups as were asked for, and for the overflow', () => {
    const probe = ReclaimProbe.open({ maxCgroups: 5000 });
    try {
      // struct ds_reclaim_key, struct ds_reclaim_sum.
      const sizes = bpfMaps()
        .filter(({ key_size, value_size }) => key_size === 16 && value_size === 24)
        .map(({ max_entries }) => max_entries);
      expect(new Set(sizes)).toEqual(new Set([5001 * 6]));
    } finally {
      probe.close();
    }
  });

  it.skipIf(!v1)('charges the cgroup whose task reclaims, and sees the shrinkers it runs', async () => {
    const dir = scratch();
    const binary = compileWorkload(dir);
    const cgroup = makeCgroup(v1 ?? '');
    const probe = ReclaimProbe.open();
    try {
      writeFileSync(join(cgroup.path, 'memory.limit_in_bytes'), '400000');
      writeFileSync(join(cgroup.path, 'memory.oom_control'), '1');
      await work(binary, { op: 'miss_or_fail', n: 20_000, dir }, [cgroup]);
      const { events, ns } = eventsOf(probe.drain(), cgroup.id);
      expect(events).toBeGreaterThan(0n);
      // A direct reclaim takes microseconds at the least, and the workload no minute.
      expect(ns).toBeGreaterThan(events * 1000n);
      expect(ns).toBeLessThan(60_000_000_000n);
      expect(hookOf(probe.hooks, 'reclaim_direct')?.missed).toBe(0n);
      const worked = probe.shrinkers()?.filter(({ calls }) => calls > 0n) ?? [];
      expect(worked.some(({ freed, scanned }) => freed > 0n && scanned >= freed)).toBe(true);
      probe.forget([cgroup.id]);
      expect([...probe.drain().ids]).not.toContain(cgroup.id);
    } finally {
      probe.close();
      await cgroup.remove();
    }
  });
});

it('opened and closed again and again leaves no descriptor behind', () => {
  const cycle = () => {
    const probe = ReclaimProbe.open();
    probe.events();
    probe.close();
    return readdirSync('/proc/self/fd').length;
  };
  const before = cycle();
  for (let i = 0; i < 20; i++) expect(cycle()).toBe(before);
});

describe('options', () => {
  it('are checked before the kernel is asked', () => {
    expect(() => ReclaimProbe.open({ eventMinNs: -1n })).toThrow(RangeError);
    expect(() => ReclaimProbe.open({ backends: ['magic' as Backend] })).toThrow('magic');
  });

  it('a closed probe says so; closing again is no error', () => {
    const probe = ReclaimProbe.open({ backends: ['tracepoint'] });
    probe.close();
    probe.close();
    expect(() => probe.drain()).toThrow('closed');
  });
});
