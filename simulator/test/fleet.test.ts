import { cgroupMetrics, checkBatch, decodeBatch, encodeBatch, findMetric } from '@dentryscope/contracts';
import type { CgroupColumn, NodeBatch } from '@dentryscope/contracts';
import { createFleet } from '@dentryscope/simulator';
import { describe, expect, it } from 'vitest';
import { WINDOWS, all, fleet, options } from './twelve-nodes.js';

const encoded = (batches: NodeBatch[]) =>
  batches.map((batch) => Buffer.from(encodeBatch(batch)).toString('hex'));

/** A node's batches in order, as a reader of the wire gets them. */
const ofNode = (name: string): NodeBatch[] =>
  all.flatMap((batches) =>
    batches.filter(({ node }) => node === name).map((batch) => decodeBatch(encodeBatch(batch))),
  );
/** Those that hold some or did something: not the dead that are told once more. */
const living = ({ cgroups }: NodeBatch) =>
  (cgroups?.ids ?? []).filter(
    (_, at) => cgroups!.liveDentriesEstimate[at]! > 0n || cgroups!.dentriesAllocated[at]! > 0n,
  );
const nodes = fleet.nodes.map(({ name }) => name);
const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n);

describe('a fleet is a pure function of its options', () => {
  it('gives the same bytes again, in any order of asking', () => {
    const again = createFleet(options);
    for (const k of [WINDOWS - 1, 0, 41]) expect(encoded(again.window(k))).toEqual(encoded(all[k]!));
  });

  it('gives other figures with another seed, and other boots with another start', () => {
    const boots = (other: Partial<typeof options>) =>
      createFleet({ ...options, ...other }).nodes.map(({ bootId }) => bootId);
    const allBoots = [boots({}), boots({ seed: 8 }), boots({ startMs: options.startMs + 10_000 })].flat();
    expect(new Set(allBoots).size).toBe(3 * options.nodes);
    expect(encoded(createFleet({ ...options, seed: 8 }).window(0))).not.toEqual(encoded(all[0]!));
  });

  it('says which option is wrong', () => {
    expect(() => createFleet({ ...options, nodes: 0 })).toThrow(/^nodes is 0/);
    expect(() => createFleet({ ...options, windowMs: 0.5 })).toThrow(/^windowMs is 0.5/);
  });

  it.each([1, 2, 3, 250])('counts at most %i cgroups a node', (cgroupsPerNode) => {
    const ids = createFleet({ ...options, cgroupsPerNode })
      .window(3)
      .map((b) => living(b).length);
    expect(Math.max(...ids)).toBeLessThanOrEqual(cgroupsPerNode);
    expect(Math.max(...ids)).toBeGreaterThan(cgroupsPerNode / 2);
  });
});

describe('its batches', () => {
  it('pass checkBatch, every one', () => {
    expect(
      all
        .flat()
        .map(checkBatch)
        .filter((why) => why !== undefined),
    ).toEqual([]);
  });

  it.each(nodes)('of %s are numbered without a gap, and follow in time', (name) => {
    const batches = ofNode(name);
    expect(batches.map(({ seq }) => seq)).toEqual(batches.map((_, n) => BigInt(n + 1)));
    for (const [n, batch] of batches.entries())
      if (n > 0) expect(batch.windowStartMs).toBeGreaterThanOrEqual(batches[n - 1]!.windowEndMs);
  });

  it.each(nodes)('of %s keep the books: dentries move by allocated - freed', (name) => {
    const batches = ofNode(name);
    for (const [n, { state, windowStartMs }] of batches.entries()) {
      const before = batches[n - 1];
      if (state!.dentriesAllocated === undefined || before?.windowEndMs !== windowStartMs) continue;
      const moved = state!.dentriesAllocated - state!.dentriesFreed!;
      expect(state!.nrDentry! - before.state!.nrDentry!).toBe(moved);
    }
  });

  it.each(nodes)('of %s keep the books of negatives and positives too', (name) => {
    const batches = ofNode(name);
    for (const [n, { cgroups, state, windowStartMs }] of batches.entries()) {
      const before = batches[n - 1];
      if (!cgroups?.negativesFreed.length || before?.windowEndMs !== windowStartMs) continue;
      const of = (column: CgroupColumn) => sum(cgroups[column]);
      const negatives =
        of('dentriesAllocated') -
        of('instantiated') -
        of('positiveByLookup') +
        of('negativeByUnlink') -
        of('negativesFreed');
      expect(state!.nrNegative! - before.state!.nrNegative!).toBe(negatives);
      const positives =
        of('instantiated') +
        of('positiveByLookup') -
        of('negativeByUnlink') -
        (of('dentriesFreed') - of('negativesFreed'));
      expect(state!.nrDentry! - before.state!.nrDentry!).toBe(negatives + positives);
      // Every dentry is born of a lookup that found its name or did not.
      expect(of('negativeByLookup') + of('positiveByLookup')).toBe(of('dentriesAllocated'));
      expect(state!.dentriesUnexplained).toBe(0n);
    }
  });

  it.each(nodes)(
    'of %s tell every holder: with the old, all dentries, as far as sampling can tell',
    (name) => {
      for (const { cgroups, state } of ofNode(name)) {
        if (!cgroups) continue;
        const held = sum(cgroups.liveDentriesEstimate) + state!.dentriesBeforeAgentEstimate!;
        const error = Math.sqrt(
          cgroups.liveDentriesStandardError.reduce((all, one) => all + Number(one) ** 2, 0),
        );
        expect(Math.abs(Number(held - state!.nrDentry!))).toBeLessThanOrEqual(4 * error);
      }
    },
  );

  it('are exact on a small node, and estimates with an error on a large one', () => {
    const errors = (name: string) =>
      ofNode(name).flatMap(({ cgroups }) => cgroups!.liveDentriesStandardError);
    expect(new Set(errors('quiet-02.sim'))).toEqual(new Set([0n]));
    expect(errors('db-01.sim').filter((error) => error > 1000n).length).toBeGreaterThan(WINDOWS);
    const odd = ofNode('db-01.sim').flatMap(({ cgroups }) => cgroups!.liveDentriesEstimate);
    expect(odd.every((estimate) => estimate % 16n === 0n)).toBe(true);
  });

  it('tell a holder that died once more, with 0, and then no more', () => {
    const batches = ofNode('batch-01.sim');
    const dead = batches.flatMap(({ cgroupInfos }, n) =>
      cgroupInfos.filter(({ removed }) => removed).map(({ id }) => ({ id, n })),
    );
    expect(dead.length).toBeGreaterThan(20);
    for (const { id, n } of dead) {
      const { ids, liveDentriesEstimate } = batches[n]!.cgroups!;
      expect(liveDentriesEstimate[ids.indexOf(id)]).toBe(0n);
      for (const later of batches.slice(n + 1)) expect(later.cgroups!.ids).not.toContain(id);
    }
  });

  it('hold bursts of reclaim: who paid, how long, how many, in columns and as events', () => {
    const kinds = ['pressure', 'drop_caches', 'remount', 'umount', 'direct'] as const;
    const found = new Map<string, bigint>();
    for (const { cgroups, reclaims, windowStartMs, windowEndMs } of all.flat()) {
      if (!cgroups?.reclaimUmountNs.length) {
        expect(reclaims).toEqual([]);
        continue;
      }
      for (const { kind, freed, durationNs, startMs, cgroupId } of reclaims) {
        found.set(kind, (found.get(kind) ?? 0n) + freed);
        expect(durationNs).toBeGreaterThanOrEqual(10_000_000n);
        expect(startMs).toBeGreaterThanOrEqual(windowStartMs);
        expect(Number(startMs) + Number(durationNs) / 1e6).toBeLessThanOrEqual(Number(windowEndMs));
        expect(cgroups.ids).toContain(cgroupId);
      }
      const byKind = {
        pressure: [cgroups.reclaimPressureFreed, cgroups.reclaimPressureNs],
        drop_caches: [cgroups.reclaimDropCachesFreed, cgroups.reclaimDropCachesNs],
        remount: [cgroups.reclaimRemountFreed, cgroups.reclaimRemountNs],
        umount: [cgroups.reclaimUmountFreed, cgroups.reclaimUmountNs],
        direct: [cgroups.reclaimDirectFreed, cgroups.reclaimDirectNs],
      } as const;
      for (const kind of kinds) {
        const events = reclaims.filter((event) => event.kind === kind);
        const [freed, ns] = byKind[kind].map((column) => sum(column!)) as [bigint, bigint];
        expect(freed).toBeGreaterThanOrEqual(sum(events.map((event) => event.freed)));
        expect(ns).toBeGreaterThanOrEqual(sum(events.map((event) => event.durationNs)));
      }
      cgroups.ids.forEach((_, at) => {
        const reclaimed = kinds.map((kind) => byKind[kind][0][at]!);
        expect(sum(reclaimed)).toBeLessThanOrEqual(cgroups.dentriesFreed[at]!);
      });
    }
    expect([...found.keys()].toSorted()).toEqual(['direct', 'drop_caches', 'umount']);
    expect(found.get('direct')).toBeGreaterThan(500_000n);
  });

  it('name every counted cgroup before or with its first figure', () => {
    for (const name of nodes) {
      const known = new Set<bigint>();
      for (const batch of ofNode(name)) {
        for (const info of batch.cgroupInfos) if (!info.removed) known.add(info.id);
        expect(batch.cgroups?.ids.filter((id) => !known.has(id)) ?? []).toEqual([]);
      }
    }
  });

  it('hold what a believable fleet has: churn, pods that come and go, a leak, an agent away', () => {
    const removed = all.flat().flatMap(({ cgroupInfos }) => cgroupInfos.filter((info) => info.removed));
    expect(removed.length).toBeGreaterThan(50);
    const negatives = ofNode('web-01.sim').map(({ state }) => state!.nrNegative!);
    expect(negatives.at(-1)! - negatives[0]!).toBeGreaterThan(2_000_000n);
    expect(ofNode('batch-02.sim').length).toBeLessThan(WINDOWS);
    expect(new Set(all[0]!.map(({ health }) => health!.hooks[0]!.backend))).toEqual(
      new Set(['fentry', 'kprobe', 'tracepoint', '']),
    );
  });
});

describe('what an agent cannot see is absent, not 0', () => {
  it('with no hook: no counter at all, and the reason', () => {
    const batches = ofNode('quiet-01.sim');
    expect(batches).toHaveLength(WINDOWS);
    for (const { cgroups, state, health } of batches) {
      expect(cgroups).toBeUndefined();
      expect(state!.dentriesAllocated).toBeUndefined();
      expect(state!.dentriesFreed).toBeUndefined();
      expect(state!.nrDentry).toBeGreaterThan(0n);
      expect(health!.hooks.map(({ backend }) => backend)).toEqual(['', '', '', '', '', '']);
      expect(state!.dentriesUnexplained).toBeUndefined();
      expect(health!.degraded[0]).toContain('EPERM');
    }
  });

  it('with the slab tracepoints: allocations and holders, and frees of the node only', () => {
    const batches = ofNode('batch-02.sim');
    const seen = ['dentriesAllocated', 'liveDentriesEstimate', 'liveDentriesStandardError'];
    for (const { cgroups, state, health } of batches) {
      for (const { column } of cgroupMetrics)
        expect([column, cgroups![column].length]).toEqual([
          column,
          seen.includes(column) ? cgroups!.ids.length : 0,
        ]);
      const unseen = health!.hooks.filter(({ backend }) => backend === '').map(({ hook }) => hook);
      expect(unseen).toEqual(['dentry_lookup', 'dentry_unlink', 'dentry_instantiate']);
      expect(state!.dentriesFreed).toBeGreaterThan(0n);
    }
  });
});

describe('the truth', () => {
  const truth = fleet.truth({ from: 0, to: WINDOWS });

  it('counts the batches', () => expect(truth.batches).toBe(all.flat().length));

  it.each(nodes)('equals the sums of what %s put on the wire', (name) => {
    const batches = ofNode(name);
    const seen = batches.some(({ cgroups }) => cgroups);
    expect(truth.sum('dentries_allocated', { node: name })).toBe(
      seen ? sum(batches.flatMap(({ cgroups }) => cgroups!.dentriesAllocated)) : undefined,
    );
    expect(truth.sum('node_dentries_freed', { node: name })).toBe(
      seen ? sum(batches.map(({ state }) => state!.dentriesFreed!)) : undefined,
    );
    const last = new Map(
      batches.flatMap(({ cgroups }) =>
        (cgroups?.ids ?? []).map((id, at) => [id, cgroups!.liveDentriesEstimate[at]!] as const),
      ),
    );
    expect(truth.sum('live_dentries_estimate', { node: name })).toBe(
      seen ? sum([...last.values()]) : undefined,
    );
    expect(truth.sum('node_dentries', { node: name })).toBe(batches.at(-1)!.state!.nrDentry);
  });

  it('adds up over ranges, cgroup by cgroup', () => {
    const parts = [
      { from: 0, to: 33 },
      { from: 33, to: WINDOWS },
    ].map((range) => fleet.truth(range));
    for (const { metric, node, cgroup, value } of truth.rows.filter((row) => row.cgroup !== undefined)) {
      const found = parts.map((part) => part.sum(metric, { node, cgroup: cgroup! }));
      const gauge = findMetric(metric)!.kind === 'gauge';
      expect(gauge ? (found[1] ?? found[0]) : sum(found.map((one) => one ?? 0n))).toBe(value);
    }
  });

  it('knows the owner of every container, by the name that is told', () => {
    const names = new Set(
      fleet.containerNames({ from: 0, to: WINDOWS }).map(({ containerId }) => containerId),
    );
    const infos = all.flat().flatMap(({ cgroupInfos }) => cgroupInfos.filter((info) => !info.removed));
    for (const { containerId } of infos) if (containerId) expect(names).toContain(containerId);
    const nameless = truth.rows.filter(({ cgroup, owner }) => cgroup !== undefined && !owner);
    // The container runtime's cgroup, of each node that counts.
    expect(new Set(nameless.map(({ node }) => node)).size).toBe(options.nodes - 1);
    expect(new Set(nameless.map(({ cgroup }) => cgroup! & 0xffffn))).toEqual(new Set([1_099n]));
  });

  it('tells names once: new ones over all windows are all of them', () => {
    const told = all.flatMap((_, k) => fleet.newContainerNames(k).map(({ containerId }) => containerId));
    const names = fleet.containerNames({ from: 0, to: WINDOWS }).map(({ containerId }) => containerId);
    expect(told.toSorted()).toEqual(names.toSorted());
  });

  it('goes through JSON with its 64-bit values as text', () => {
    const json = JSON.parse(JSON.stringify(truth)) as { rows: { metric: string; value: string }[] };
    const values = json.rows
      .filter(({ metric }) => metric === 'dentries_allocated')
      .map((row) => BigInt(row.value));
    expect(sum(values)).toBe(truth.sum('dentries_allocated'));
  });
});
