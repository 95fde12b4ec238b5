import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createBatch } from '@dentryscope/contracts';
import type { NodeBatchInit } from '@dentryscope/contracts';
import type { ReclaimEvent, ReclaimProbe, Shrinker } from '@dentryscope/native';
import { Registry } from '@dentryscope/runtime';
import { Deltas } from '../src/deltas.js';
import { Exposition } from '../src/exposition.js';
import { ReclaimSignal } from '../src/signals/reclaim.js';

const procRoot = mkdtempSync(join(tmpdir(), 'kallsyms-'));
afterAll(() => rmSync(procRoot, { recursive: true }));
const kallsyms = (text: string) => writeFileSync(join(procRoot, 'kallsyms'), text);

const event = (over: Partial<ReclaimEvent>): ReclaimEvent => ({
  kind: 'umount',
  startNs: process.hrtime.bigint(),
  durationNs: 5_000_000n,
  freed: 7n,
  scanned: null,
  calls: 1,
  superblock: 'vda',
  filesystem: 'ext4',
  cpu: 1,
  cgroupId: 9n,
  shrunkCgroupId: null,
  comm: 'umount',
  pid: 5,
  ...over,
});

const shrinker = (over: Partial<Shrinker>): Shrinker => ({
  scanObjects: 0xffffffff81000010n,
  name: '',
  calls: 1n,
  ns: 10n,
  scanned: 4n,
  freed: 2n,
  ...over,
});

/** A probe of which the test says what it counted. */
class FakeProbe {
  pending: ReclaimEvent[] = [];
  rows: Shrinker[] | null = [];
  eventsLost = 0n;
  hooks = [];
  umounts = 0n;

  events() {
    return this.pending.splice(0);
  }
  shrinkers() {
    return this.rows;
  }
  drain() {
    const nothing = { events: null, ns: null, freed: null };
    const column = BigUint64Array.of(this.umounts);
    const umount = { events: column, ns: column, freed: null };
    return {
      ids: BigUint64Array.of(9n),
      columns: { pressure: nothing, direct: nothing, drop_caches: nothing, remount: nothing, umount },
      memory: { events: null, ns: null },
    };
  }
}

function open() {
  const probe = new FakeProbe();
  return { probe, signal: new ReclaimSignal(probe as unknown as ReclaimProbe, procRoot) };
}

describe('events', () => {
  it('are in every window until one is kept, and then in none', () => {
    const { probe, signal } = open();
    probe.pending = [event({})];
    expect(signal.sample().fields?.reclaims).toHaveLength(1);
    probe.pending = [event({})];
    const second = signal.sample();
    expect(second.fields?.reclaims).toHaveLength(2);
    second.keep();
    expect(signal.sample().fields?.reclaims).toEqual([]);
  });

  it('carry both clocks, and leave out what the path does not know', () => {
    const { probe, signal } = open();
    const agoNs = 2_000_000_000n;
    probe.pending = [event({ startNs: process.hrtime.bigint() - agoNs })];
    const [told] = signal.sample().fields!.reclaims!;
    expect(Math.abs(Number(told!.startMs) - (Date.now() - 2000))).toBeLessThan(500);
    expect(told).toMatchObject({ kind: 'umount', superblock: 'vda', cgroupId: 9n, durationNs: 5_000_000n });
    expect(Object.keys(told!)).not.toContain('scanned');
    expect(Object.keys(told!)).not.toContain('shrunkCgroupId');
  });

  it('beyond a thousand in a window the shortest are left out, and counted', () => {
    const { probe, signal } = open();
    probe.pending = Array.from({ length: 1003 }, (_, i) =>
      event({ durationNs: BigInt(i), startNs: BigInt(i) }),
    );
    const sample = signal.sample();
    expect(sample.fields?.reclaims).toHaveLength(1000);
    expect(sample.fields?.reclaims?.[0]?.durationNs).toBe(3n);
    sample.keep();
    expect(signal.problems()).toEqual([expect.stringMatching(/^3 reclaim events were too many/)]);
  });

  it('that found the ring full are told', () => {
    const { probe, signal } = open();
    probe.eventsLost = 4n;
    expect(signal.problems()).toEqual([expect.stringMatching(/^4 reclaim events found the ring full/)]);
  });
});

describe('shrinkers', () => {
  it('are deltas by name, those that did nothing left out', () => {
    kallsyms('ffffffff81000000 t other\nffffffff81000010 t super_cache_scan\n');
    const { probe, signal } = open();
    probe.rows = [shrinker({}), shrinker({ name: 'sb-ext4', calls: 0n })];
    const first = signal.sample();
    expect(first.state?.shrinkers).toEqual([
      { name: 'super_cache_scan', calls: 1n, ns: 10n, scanned: 4n, freed: 2n },
    ]);
    first.keep();
    probe.rows = [shrinker({ calls: 3n, freed: 5n }), shrinker({ name: 'sb-ext4', calls: 0n })];
    expect(signal.sample().state?.shrinkers).toMatchObject([{ calls: 2n, freed: 3n }]);
    expect(signal.problems()).toEqual([]);
  });

  it('have no name where the kernel hides addresses, and the agent says so', () => {
    kallsyms('0000000000000000 t other\n0000000000000000 t super_cache_scan\n');
    const { probe, signal } = open();
    probe.rows = [shrinker({})];
    expect(signal.sample().state?.shrinkers).toMatchObject([{ name: 'unknown' }]);
    expect(signal.problems()).toEqual([expect.stringContaining('kptr_restrict')]);
  });

  it('that nobody sees are absent', () => {
    const { probe, signal } = open();
    probe.rows = null;
    expect(signal.sample().state).toBeUndefined();
  });
});

it('counts are deltas, and what no hook sees has no column', () => {
  const { probe, signal } = open();
  const deltas = new Deltas();
  probe.umounts = 5n;
  const first = signal.sample().counted!;
  deltas.keep(first);
  probe.umounts = 8n;
  const { columns } = deltas.since(signal.sample().counted!);
  expect(columns.reclaimUmountEvents).toEqual(BigUint64Array.of(3n));
  expect(columns).not.toHaveProperty('reclaimUmountFreed');
  expect(columns).not.toHaveProperty('reclaimPressureEvents');
});

it('/metrics has the kinds that a hook sees, from 0 on, and no others', async () => {
  const registry = new Registry();
  const exposition = new Exposition(registry, () => ({ namespace: '', pod: '', container: '' }), {
    spoolWindows: () => 0,
    foldedCgroups: () => ({ now: 0, ever: 0 }),
  });
  const hook = (name: string) => ({ hook: name, backend: 'fentry' });
  const health = { hooks: [hook('reclaim_umount'), hook('reclaim_freed')] };
  const cgroups = {
    ids: [9n, 10n],
    reclaimUmountEvents: [1n, 2n],
    reclaimUmountNs: [500_000_000n, 0n],
    reclaimUmountFreed: [7n, 1n],
  };
  exposition.record(createBatch({ health, cgroups } as NodeBatchInit));
  exposition.record(createBatch({ health } as NodeBatchInit));
  const lines = (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('node_dentry_reclaim'));
  expect(lines).toEqual([
    'node_dentry_reclaim_total{kind="umount"} 3',
    'node_dentry_reclaim_seconds_total{kind="umount"} 0.5',
    'node_dentry_reclaim_freed_total{kind="umount"} 8',
  ]);
});
