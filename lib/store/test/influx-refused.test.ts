/** A line that InfluxDB refuses costs that line: the others are in, and the error says what of which window is not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart } from '@dentryscope/lab';
import { StoreError } from '@dentryscope/store';
import type { InfluxStore } from '@dentryscope/store';
import { BehindProxy } from './behind-proxy.js';
import { answers } from './fault-proxy.js';
import type { FaultProxy } from './fault-proxy.js';
import { Operator } from './influx-operator.js';
import { T0, freed, metric, nodes, series, top, total, window } from './fixtures.js';

const missing = requirePart('influx');
const tooLarge = 1n << 63n;
/** A window of 500 cgroups, 1 to 500, each with as many dentries as its id says. */
const large = (seq: number, said: Record<string, bigint> = {}) => {
  const figures = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [n + 1, BigInt(n + 1)]));
  return window({ seq, figures: { ...figures, ...said }, state: { nrDentry: 5n } });
};
const sumOf500 = 125_250n;

describe.skipIf(missing)('InfluxDB 2.7 that refuses a line', () => {
  let behind: BehindProxy;
  let proxy: FaultProxy;
  let store: InfluxStore;
  beforeAll(async () => {
    behind = await BehindProxy.start();
    proxy = behind.proxy;
  });
  afterAll(() => behind?.stop());
  const open = async () => void (store = await behind.open());
  /** A point that gives a field another type. */
  const plant = (line: string) => new Operator(behind.influx).writeLines(behind.bucket, [`${line} ${T0}`]);
  const refusalOf = async (...batches: Parameters<InfluxStore['writer']['write']>[0][]) => {
    const error = await store.writer.write(batches.flat()).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ retryable: false });
    return (error as StoreError).refused!;
  };

  test('one cgroup of one window among 300 has a field of another type', async () => {
    await open();
    await plant('cgroup,cluster=c1 dentries_freed=0.5');
    const batches = Array.from({ length: 300 }, (_, n) =>
      n === 211
        ? window({ seq: n + 1, figures: { 7: [1000n, 5n] }, state: { nrDentry: 9n } })
        : window({ seq: n + 1, figures: { 7: 1n, 8: 2n } }),
    );
    const refused = await refusalOf(batches);
    expect(refused).toMatchObject([
      {
        batch: 211,
        reason: expect.stringMatching(
          /^1 of its 1 cgroups: .*"dentries_freed".*already exists as type float/,
        ),
      },
    ]);
    expect(refused[0]!.rest).toBe(batches[211]);
    expect(await total(store.reader)).toBe(299n * 3n);
    expect((await series(store.reader, { metric: metric('node_dentries') }))[0]).toEqual([2_110_000, 9n]);
  });

  test('one row of a window among 500, of twenty windows', async () => {
    await open();
    const batches = Array.from({ length: 20 }, (_, n) => large(n + 1, n === 13 ? { 77: tooLarge } : {}));
    const refused = await refusalOf(batches);
    expect(refused).toHaveLength(1);
    const [{ batch, rest, reason }] = refused as [(typeof refused)[0]];
    expect(batch).toBe(13);
    expect(reason).toMatch(/^1 of its 500 cgroups: .*out of range/);
    expect({ ...rest, cgroups: undefined }).toEqual({ ...batches[13], cgroups: undefined });
    expect(rest.cgroups).toMatchObject({ ids: [77n], dentriesAllocated: [tooLarge], dentriesFreed: [] });
    expect(await total(store.reader)).toBe(20n * sumOf500 - 77n);
    // What is refused, once it is mended, brings the rest and changes nothing else.
    await store.writer.write([{ ...rest, cgroups: { ...rest.cgroups!, dentriesAllocated: [77n] } }]);
    expect(await total(store.reader)).toBe(20n * sumOf500);
    expect((await nodes(store.reader))[0]!.newest.seq).toBe(20n);
  });

  test('rows far apart, each for its reason: one part a reason, its rows in their order', async () => {
    await open();
    const refused = await refusalOf([large(1, { 1: tooLarge, 250: tooLarge, 500: tooLarge })]);
    expect(refused.map(({ batch, rest }) => [batch, rest.cgroups?.ids])).toEqual([
      [0, [1n]],
      [0, [250n]],
      [0, [500n]],
    ]);
    expect(await total(store.reader)).toBe(sumOf500 - 751n);
  });

  test('a node that is called as a wrong setting is told: its refused line is refused', async () => {
    await open();
    const node = 'organization name "x" not found';
    const refused = await refusalOf([window({ node, figures: { 7: 1n, 8: tooLarge } })]);
    expect(refused).toMatchObject([
      { batch: 0, rest: { cgroups: { ids: [8n] } }, reason: expect.stringContaining('out of range') },
    ]);
    expect(await total(store.reader)).toBe(1n);
  });

  test('the line of the node: its cgroups are in', async () => {
    await open();
    await plant('node,cluster=c1 node_dentries=0.5');
    const batch = large(1);
    const [only, ...more] = await refusalOf([batch]);
    expect(more).toEqual([]);
    expect(only!.reason).toMatch(/^the figures of the node: .*"node_dentries"/);
    const { cgroups: _, ...rest } = batch;
    expect(only).toMatchObject({ batch: 0, rest });
    expect(only!.rest.cgroups).toBeUndefined();
    expect(await total(store.reader)).toBe(sumOf500);
  });

  test('all of many windows: found with few requests, since InfluxDB says how many it dropped', async () => {
    await open();
    await plant('cgroup,cluster=c1 dentries_allocated=0.5');
    const batches = Array.from({ length: 30 }, (_, n) => large(n + 1));
    const before = proxy.writes;
    const refused = await refusalOf(batches);
    expect(refused.map(({ batch }) => batch)).toEqual(batches.map((_, n) => n));
    for (const { batch, rest } of refused) expect(rest).toBe(batches[batch]);
    expect(proxy.writes - before).toBeLessThan(60);
    expect((await nodes(store.reader))[0]!.newest.seq).toBe(30n);
  });

  test('it fails while the refused line is looked for: nothing is told, and the same call again finds it', async () => {
    await open();
    const batches = [large(1), large(2, { 9: tooLarge })];
    const before = proxy.writes;
    proxy.give(answers('503 Service Unavailable'), 1, 4);
    const error = await store.writer.write(batches).catch((error: unknown) => error);
    expect(error).toMatchObject({ retryable: true, refused: undefined });
    expect(proxy.writes - before).toBe(5);
    expect(await refusalOf(batches)).toMatchObject([{ batch: 1, rest: { cgroups: { ids: [9n] } } }]);
    expect(await total(store.reader)).toBe(2n * sumOf500 - 9n);
    expect((await top(store.reader, 'node', { metric: freed })).rows).toEqual([]);
  });
});
