import { expect, test } from 'vitest';
import type { Current } from './conformance.js';
import { T0, WINDOW, freed, metric, series, top, total, window } from './fixtures.js';

const BIG = 2n ** 53n;

export function figuresConform(store: Current): void {
  test('an empty store answers: nothing', async () => {
    const { reader } = store();
    await reader.ping();
    expect(await top(reader, 'cgroup')).toEqual({ rows: [] });
    expect(await top(reader, 'node', { metric: metric('node_dentries') })).toEqual({ rows: [] });
    expect(await series(reader)).toEqual([]);
  });

  test('no batches, a batch without cgroups: nothing, and no error', async () => {
    const { writer, reader } = store();
    await writer.write([]);
    await writer.write([window({})]);
    await writer.writeNames([]);
    expect(await top(reader, 'cgroup')).toEqual({ rows: [] });
  });

  test('sums are exact, past 2^31 and 2^53, and over all cgroups past 2^63', async () => {
    const { writer, reader } = store();
    const windows = Array.from({ length: 1001 }, (_, n) =>
      window({ seq: n + 1, figures: { 7: BIG - 1n, 8: 3n } }),
    );
    await writer.write(windows);
    const { total, rows } = await top(reader, 'cgroup', { toMs: T0 + 1000 * WINDOW });
    expect(rows.map(({ value }) => value)).toEqual([1000n * (BIG - 1n), 3000n]);
    expect(total).toBe(1000n * (BIG - 1n) + 3000n);
    await writer.write(windows.slice(0, 100).map((batch) => ({ ...batch, node: 'n2' })));
    const both = await top(reader, 'namespace');
    expect(both.total).toBe(1101n * (BIG - 1n + 3n));
    expect(both.total).toBeGreaterThan(2n ** 63n);
  });

  test('the same windows again change nothing: in another call, in the same, in another order', async () => {
    const { writer, reader } = store();
    const windows = [1, 2, 3].map((seq) => window({ seq, figures: { 7: 10n, 8: 1n } }));
    await writer.write([...windows, windows[1]!]);
    await writer.write([...windows].reverse());
    await writer.write([windows[0]!, window({ seq: 4, figures: { 7: 10n } }), windows[2]!]);
    const { total, rows } = await top(reader, 'cgroup');
    expect(total).toBe(43n);
    expect(rows.map(({ owner, value }) => [owner.cgroupId, value])).toEqual([
      ['7', 40n],
      ['8', 3n],
    ]);
  });

  test('windows in any order give the same sums', async () => {
    const { writer, reader } = store();
    for (const seq of [5, 1, 4, 2, 3]) await writer.write([window({ seq, figures: { 7: BigInt(seq) } })]);
    expect(await total(reader)).toBe(15n);
    expect(await series(reader)).toEqual([1, 2, 3, 4, 5].map((seq) => [(seq - 1) * WINDOW, BigInt(seq)]));
  });

  test('a counter that was not seen is absent; one that was and is 0 is there', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ node: 'blind', figures: { 7: 5n } }),
      window({ node: 'sees', figures: { 7: [5n, 0n] } }),
    ]);
    const { total, rows } = await top(reader, 'node', { metric: freed });
    expect(rows).toEqual([{ owner: { cluster: 'c1', node: 'sees' }, value: 0n }]);
    expect(total).toBe(0n);
    expect(await series(reader, { metric: freed })).toEqual([[0, 0n]]);
    expect(await series(reader, { metric: freed, filter: { node: 'blind' } })).toEqual([]);
  });

  test('a range is half open, by the start of the window', async () => {
    const { writer, reader } = store();
    await writer.write([1, 2, 3].map((seq) => window({ seq, figures: { 7: 10n ** BigInt(seq) } })));
    expect(await total(reader, { fromMs: T0 + WINDOW, toMs: T0 + 2 * WINDOW })).toBe(100n);
    expect(await total(reader, { fromMs: T0 + 1, toMs: T0 + 2 * WINDOW + 1 })).toBe(1100n);
    expect(await total(reader, { fromMs: T0, toMs: T0 })).toBe(0n);
    const inside = { fromMs: T0 + WINDOW, toMs: T0 + 2 * WINDOW };
    expect(await series(reader, inside)).toEqual([[WINDOW, 100n]]);
  });

  test('steps start at fromMs; empty ones are left out; a step may be of any length', async () => {
    const { writer, reader } = store();
    await writer.write([1, 2, 3, 6].map((seq) => window({ seq, figures: { 7: 10n ** BigInt(seq), 8: 1n } })));
    expect(await series(reader, { stepMs: 25_000 })).toEqual([
      [0, 1113n],
      [50_000, 1_000_001n],
    ]);
    expect(await series(reader, { fromMs: T0 - 5_000, stepMs: 7_000 })).toEqual([
      [-5_000, 11n],
      [9_000, 101n],
      [16_000, 1001n],
      [44_000, 1_000_001n],
    ]);
  });

  test('the rows are the largest, ties by name; the total counts those past the limit too', async () => {
    const { writer, reader } = store();
    const counts = { b: 5n, a: 5n, d: 9n, c: 5n, e: 1n };
    await writer.write(
      Object.entries(counts).map(([node, count]) => window({ node, figures: { 7: count } })),
    );
    const { total, rows } = await top(reader, 'node', { limit: 3 });
    expect(rows.map(({ owner, value }) => [owner.node, value])).toEqual([
      ['d', 9n],
      ['a', 5n],
      ['b', 5n],
    ]);
    expect(total).toBe(25n);
  });

  test('ties of cgroups without a name go by number', async () => {
    const { writer, reader } = store();
    await writer.write([window({ figures: { 10: 1n, 9: 1n, 100: 1n, '18446744073709551615': 1n } })]);
    const { rows } = await top(reader, 'cgroup', { limit: 3 });
    expect(rows.map(({ owner }) => owner.cgroupId)).toEqual(['9', '10', '100']);
  });

  test('the same cgroup id in two boots, on two nodes, in two clusters are four cgroups', async () => {
    const { writer, reader } = store();
    const places = [{}, { bootId: 'boot-2' }, { node: 'n2' }, { cluster: 'c2' }];
    await writer.write(places.map((place, n) => window({ ...place, figures: { 7: 4n - BigInt(n) } })));
    const { rows } = await top(reader, 'cgroup');
    expect(rows.map(({ owner, value }) => [owner.cluster, owner.node, owner.bootId, value])).toEqual([
      ['c1', 'n1', 'boot-1', 4n],
      ['c1', 'n1', 'boot-2', 3n],
      ['c1', 'n2', 'boot-1', 2n],
      ['c2', 'n1', 'boot-1', 1n],
    ]);
    const byNode = await top(reader, 'node');
    expect(byNode.rows.map(({ owner, value }) => [owner.cluster, owner.node, value])).toEqual([
      ['c1', 'n1', 7n],
      ['c1', 'n2', 2n],
      ['c2', 'n1', 1n],
    ]);
  });

  test('filters by cluster, node and cgroup id', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ figures: { 7: 1n, 8: 10n } }),
      window({ node: 'n2', figures: { 7: 100n } }),
      window({ cluster: 'c2', figures: { 7: 1000n } }),
    ]);
    const filtered = async (filter: object) => [
      await total(reader, { filter }),
      (await series(reader, { filter }))[0]?.[1],
    ];
    expect(await filtered({ cluster: 'c1' })).toEqual([111n, 111n]);
    expect(await filtered({ node: 'n1' })).toEqual([1011n, 1011n]);
    expect(await filtered({ cluster: 'c1', node: 'n1', cgroup: '8' })).toEqual([10n, 10n]);
    expect(await filtered({ cgroup: '007' })).toEqual([1101n, 1101n]);
    for (const cgroup of ['9', 'x', '-7', '18446744073709551616', '7 or true'])
      expect(await filtered({ cgroup })).toEqual([0n, undefined]);
    expect(await filtered({ cluster: 'nowhere' })).toEqual([0n, undefined]);
  });

  test('many batches at once, and calls side by side', async () => {
    const { writer, reader } = store();
    const figures = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [n + 1, 1n]));
    const batch = (node: number, seq: number) => window({ node: `n${node}`, seq, figures });
    const calls = [1, 2, 3, 4].map((seq) => Array.from({ length: 20 }, (_, node) => batch(node, seq)));
    await Promise.all(calls.map((call) => writer.write(call)));
    expect(await total(reader)).toBe(20_000n);
    expect((await top(reader, 'cgroup', { limit: 1 })).rows).toHaveLength(1);
  });
}
