/** Where a node has no windows, and what is known of why. */
import { expect, test } from 'vitest';
import type { Gap, GapsRequest } from '@dentryscope/store';
import type { Current } from './conformance.js';
import { T0, WINDOW, cap, window } from './fixtures.js';

export function gapsConform(store: Current): void {
  /** As [node, from, to, reason, windows], times in windows since T0. */
  async function gaps(asked: Partial<GapsRequest> = {}) {
    const range = { fromMs: T0 - 10 * WINDOW, toMs: T0 + 1000 * WINDOW, filter: {}, limit: 100 };
    const found: readonly Gap[] = (await store().reader.gaps({ ...range, ...asked }, cap()))!;
    const at = (ms: number) => (ms - T0) / WINDOW;
    return found.map(({ node, fromMs, toMs, reason, windows }) => [
      node,
      at(fromMs),
      at(toMs),
      reason,
      windows,
    ]);
  }
  /** The n-th window of a node by time, with a number of its own. */
  const at = (n: number, seq = n + 1, more = {}) => window({ seq, startMs: T0 + n * WINDOW, ...more });

  test('none: in an empty store, of one window, of windows that follow each other in whatever order they come', async () => {
    expect(await gaps()).toEqual([]);
    await store().writer.write([at(3)]);
    expect(await gaps()).toEqual([]);
    await store().writer.write([at(5), at(2), at(4)]);
    await store().writer.write([at(1), at(0), at(4)]);
    expect(await gaps()).toEqual([]);
  });

  test('windows that are missing are counted, until they come: late, they close the gap', async () => {
    const { writer } = store();
    await writer.write([at(0), at(1), at(5), at(6)]);
    expect(await gaps()).toEqual([['n1', 2, 5, 'windows_missing', 3]]);
    await writer.write([at(3)]);
    expect(await gaps()).toEqual([
      ['n1', 2, 3, 'windows_missing', 1],
      ['n1', 4, 5, 'windows_missing', 1],
    ]);
    await writer.write([at(4), at(2)]);
    expect(await gaps()).toEqual([]);
  });

  test('an agent that was away made none; a node that booted, and a spool that is new in its boot, do not say', async () => {
    await store().writer.write([
      ...[at(0, 1), at(4, 2), at(5, 3)],
      ...[at(8, 1, { bootId: 'boot-2' }), at(9, 2, { bootId: 'boot-2' })],
      ...[at(12, 900_000, { bootId: 'boot-2' }), at(13, 900_001, { bootId: 'boot-2' })],
      ...[at(15, 3, { bootId: 'boot-2' })],
    ]);
    expect(await gaps()).toEqual([
      ['n1', 1, 4, 'agent_away', 0],
      ['n1', 6, 8, 'rebooted', undefined],
      ['n1', 10, 12, 'spool_replaced', undefined],
      ['n1', 14, 15, 'spool_replaced', undefined],
    ]);
  });

  test('by time, of the nodes that are asked for, of those that have a part in the range, and at most the limit', async () => {
    const of = (node: string, cluster: string, ...ns: number[]) =>
      ns.map((n) => at(n, n + 1, { node, cluster }));
    await store().writer.write([
      ...of('b', 'c1', 0, 3, 4, 8),
      ...of('a', 'c1', 0, 3, 4, 6),
      ...of('a', 'c2', 0, 10),
    ]);
    const b = [
      ['b', 1, 3, 'windows_missing', 2],
      ['b', 5, 8, 'windows_missing', 3],
    ];
    expect(await gaps({ filter: { node: 'b' } })).toEqual(b);
    expect(await gaps({ filter: { cluster: 'c2' } })).toEqual([['a', 1, 10, 'windows_missing', 9]]);
    expect((await gaps()).map(([node, from]) => [node, from])).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 1],
      ['a', 5],
      ['b', 5],
    ]);
    expect(await gaps({ limit: 2 })).toHaveLength(2);
    const range = (from: number, to: number) =>
      gaps({ filter: { node: 'b' }, fromMs: T0 + from * WINDOW, toMs: T0 + to * WINDOW });
    expect(await range(3, 5)).toEqual([]);
    expect(await range(2, 2.5)).toEqual([b[0]]);
    expect(await range(4, 6)).toEqual([b[1]]);
    expect(await range(9, 20)).toEqual([]);
  });
}
