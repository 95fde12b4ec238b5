/** What is planted beside the figures: wrong clocks, and stalls with and without a reclaim. */
import { createFleet } from '@dentryscope/simulator';
import { describe, expect, it } from 'vitest';
import { all, fleet, options } from './twelve-nodes.js';

describe('clocks that are wrong', () => {
  const skewed = createFleet({ ...options, maxClockSkewMs: 60_000 });

  it('move all times of a node, and nothing else', () => {
    for (const k of [0, 41, 60]) {
      const right = new Map(fleet.window(k).map((batch) => [batch.node, batch]));
      for (const batch of skewed.window(k)) {
        const skew = BigInt(skewed.nodes.find(({ name }) => name === batch.node)!.clockSkewMs);
        const { windowStartMs, windowEndMs, reclaims, stalls } = batch;
        const back = <T extends { startMs: bigint }>(events: T[]) =>
          events.map((event) => ({ ...event, startMs: event.startMs - skew }));
        expect({
          ...batch,
          ...{ windowStartMs: windowStartMs - skew, windowEndMs: windowEndMs - skew },
          ...{ reclaims: back(reclaims), stalls: back(stalls) },
        }).toEqual(right.get(batch.node));
      }
    }
  });

  it('are some, ahead or behind, by half of the most at least', () => {
    const skews = createFleet({ ...options, nodes: 100, maxClockSkewMs: 60_000 }).nodes.map(
      ({ clockSkewMs }) => clockSkewMs,
    );
    const wrong = skews.filter((skew) => skew !== 0);
    expect(wrong).toHaveLength(25);
    expect(wrong.some((skew) => skew > 0) && wrong.some((skew) => skew < 0)).toBe(true);
    for (const skew of wrong) {
      expect(Math.abs(skew)).toBeGreaterThanOrEqual(30_000);
      expect(Math.abs(skew)).toBeLessThanOrEqual(60_000);
    }
    expect(fleet.nodes.map(({ clockSkewMs }) => clockSkewMs)).toEqual(fleet.nodes.map(() => 0));
  });
});

describe('stalls', () => {
  const stalls = all
    .flat()
    .flatMap(({ node, stalls, reclaims }) => stalls.map((one) => ({ node, one, reclaims })));

  it('lie inside a reclaim of their burst, or are of a crowded CPU and beside none', () => {
    const kinds = stalls.map(({ one, reclaims }) => {
      const around = reclaims.filter(
        (reclaim) =>
          reclaim.kind !== 'umount' &&
          reclaim.startMonotonicNs <= one.startMonotonicNs &&
          reclaim.startMonotonicNs + reclaim.durationNs >= one.startMonotonicNs + one.durationNs,
      );
      expect([one.cause, around.length > 0]).toEqual([one.cause, one.cause === 'dentry_reclaim']);
      return one.kind;
    });
    expect(new Set(kinds)).toEqual(new Set(['lock_contention', 'run_queue']));
  });

  it('follow some bursts and not others', () => {
    const stalled = new Set(stalls.filter(({ one }) => one.cause !== '').map(({ node }) => node));
    const bursting = fleet.nodes.filter(({ bursts }) => bursts);
    const harmful = bursting.filter(({ bursts }) => bursts!.stalls).map(({ name }) => name);
    expect([...stalled].toSorted()).toEqual(harmful.toSorted());
    expect(bursting.length).toBeGreaterThan(stalled.size);
  });
});
