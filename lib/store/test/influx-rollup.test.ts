/** Hours in InfluxDB: what windows came to, exactly, once the windows are gone, whatever died meanwhile. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cgroupMetrics, createBatch, nodeMetrics } from '@dentryscope/contracts';
import type { Dimension, Metric, NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxRollup, openInfluxStore } from '@dentryscope/store';
import type { InfluxOptions, OwnerFilter, Reader, TimeRange } from '@dentryscope/store';
import { FaultProxy } from './fault-proxy.js';
import { T0, cap, info, metric, named, top, total, window } from './fixtures.js';
import { Operator } from './influx-operator.js';

const missing = requirePart('influx');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MINUTE = 60_000;
const HOURS = 4;
const CUT = T0 + 3 * HOUR;
const ALL = { fromMs: T0, toMs: T0 + HOURS * HOUR };
const KEPT = 7 * DAY;
/** An hour after the last that is due has become too old to be added to. */
const DUE = CUT + KEPT - DAY + HOUR;

/** Every ten minutes of four hours: three nodes in two clusters, one of which boots again in the middle of an hour. */
const windows: readonly NodeBatch[] = Array.from({ length: HOURS * 6 }, (_, n) => [
  windowOf(n, 'c1', 'n1', n < 9 ? 'boot-1' : 'boot-2'),
  windowOf(n, 'c1', 'n 2', 'boot-1'),
  windowOf(n, 'c2', 'n1', 'boot-1'),
]).flat();

/** The only figure of 32 bits is a number. */
function figureOf(field: string, value: number): number | bigint {
  return field === 'vfsCachePressure' ? value : BigInt(value);
}

/** Three cgroups, of which 9 has no name; 7 and 10 are of one workload. Some figures are not seen by some nodes. */
function windowOf(n: number, cluster: string, node: string, bootId: string): NodeBatch {
  const ids = n % 4 === 0 ? [7n, 8n, 9n, 10n] : [7n, 8n, 10n];
  const seen = (at: number) => (node === 'n 2' ? at % 5 > 0 : bootId === 'boot-2' ? at % 3 > 0 : true);
  const value = (at: number, id: bigint) =>
    (n + at + Number(id)) % 3 === 0 ? 0n : 2n ** 40n * id + BigInt(n * 1000 + at);
  const startMs = BigInt(T0 + n * 10 * MINUTE);
  return createBatch({
    ...{ cluster, node, bootId, seq: BigInt(n + 1), windowStartMs: startMs, windowEndMs: startMs + 600_000n },
    state: Object.fromEntries(
      nodeMetrics.flatMap(({ field }, at) => (seen(at + n) ? [[field, figureOf(field, n * 100 + at)]] : [])),
    ),
    cgroups: {
      ids,
      ...Object.fromEntries(
        cgroupMetrics.flatMap(({ column }, at) =>
          seen(at) ? [[column, ids.map((id) => value(at, id))]] : [],
        ),
      ),
    },
    cgroupInfos: [
      info(7n, '/a', `pod-a`, 'c-a'),
      info(8n, '/b', 'pod-b', 'c-b'),
      info(10n, '/c', 'pod-a', 'c-c'),
    ],
  } as NodeBatchInit);
}

const names = [
  named('pod-a', 'c-a', 'main', 'web-1'),
  named('pod-a', 'c-c', 'side', 'web-1'),
  { ...named('pod-b', 'c-b', 'main', 'db-0'), namespace: 'data, hot', workload: 'StatefulSet/db=0' },
];

const ranges = [
  ALL,
  { fromMs: T0 + HOUR, toMs: T0 + 2 * HOUR },
  { fromMs: T0 + 2 * HOUR, toMs: T0 + 3.5 * HOUR },
];
const filters: readonly OwnerFilter[] = [
  {},
  { cluster: 'c1', node: 'n 2' },
  { namespace: 'data, hot' },
  { workload: 'Deployment/web', cluster: 'c2' },
];

const counters = cgroupMetrics.filter(({ kind }) => kind === 'counter');

/** All that hours can tell by every owner that they have; each range and filter of a counter, and of all kinds of nodes' figures. */
async function answers(reader: Reader) {
  const found: Record<string, unknown> = {};
  const ask = async (metric: Metric, by: Dimension, range: TimeRange, filter: OwnerFilter) => {
    const asked = { metric, filter, ...range };
    const { steps } = await reader.series({ ...asked, stepMs: HOUR }, cap());
    const key = `${metric.name} ${by} ${range.fromMs - T0} ${JSON.stringify(filter)}`;
    found[key] = { steps, ...told(await top(reader, by, asked)) };
  };
  for (const metric of [...counters, ...nodeMetrics])
    await ask(metric, metric.level === 'node' ? 'node' : 'workload', ALL, {});
  for (const range of ranges)
    for (const filter of filters) {
      for (const by of ['node', 'namespace', 'workload'] as const)
        await ask(metric('dentries_allocated'), by, range, filter);
      if (Object.keys(filter).some((name) => name !== 'cluster' && name !== 'node')) continue;
      for (const name of ['node_dentries', 'node_dentries_allocated'])
        await ask(metric(name), 'node', range, filter);
    }
  return found;
}

const told = ({ total, rows }: Awaited<ReturnType<typeof top>>) => ({ total, rows });

describe.skipIf(missing)('InfluxDB 2.7, rolled up by the hour', () => {
  let influx: RunningInflux;
  let operator: Operator;
  let count = 0;
  beforeAll(async () => {
    influx = await startInflux();
    operator = new Operator(influx);
  });
  afterAll(() => influx?.stop());

  /** A bucket for windows that keeps all, so that the test says when they leave. */
  const setUp = async (url = influx.url) => {
    const bucket = `b${count++}`;
    await operator.makeBucket(bucket);
    const clock = { nowMs: T0 + DAY };
    const { org, token } = influx;
    const options: InfluxOptions = {
      ...{ url, org, token, bucket, retentionMs: KEPT, now: () => clock.nowMs },
      rollup: { bucket: `${bucket}_hours`, retentionMs: 36_500 * DAY },
    };
    const store = await openInfluxStore(options);
    return { ...store, options, clock, bucket };
  };

  const filled = async () => {
    const store = await setUp();
    await store.writer.write(windows);
    await store.writer.writeNames(names);
    return store;
  };

  const roll = async (options: InfluxOptions) => {
    const hours = [];
    for await (const hour of openInfluxRollup(options)!.run(new AbortController().signal)) hours.push(hour);
    return hours;
  };

  /** As the retention does it. */
  const drop = (bucket: string, beforeMs: number) =>
    operator.delete(bucket, '_measurement="cgroup" OR _measurement="node"', T0 - DAY, beforeMs - 1);

  test('every figure by node, namespace and workload is the same when the windows are gone', async () => {
    const { options, clock, reader, bucket, close } = await filled();
    const before = await answers(reader);
    expect((before['dentries_allocated workload 0 {}'] as { steps: unknown[] }).steps).toHaveLength(HOURS);
    clock.nowMs = DUE - 1;
    expect(await roll(options)).toHaveLength(2);
    clock.nowMs = DUE;
    // A node's line each; of workloads web and db, and the one without a name where cgroup 9 is.
    expect(await roll(options)).toEqual([{ hourMs: T0 + 2 * HOUR, nodes: 3, points: 3 + 3 * 3 }]);
    expect(await answers(reader)).toEqual(before);
    await drop(bucket, CUT);
    expect(await answers(reader)).toEqual(before);
    expect(await roll(options)).toEqual([]);
    await close();
  });

  /** Over the rolled up hours: from them, or with `windows` as if nothing were rolled up. */
  const sums = async (options: InfluxOptions, { windows = false, toMs = CUT } = {}) => {
    const store = await openInfluxStore({ ...options, ...(windows && { rollup: undefined }) });
    const found = [];
    for (const name of ['dentries_allocated', 'instantiated', 'node_dentries_allocated'])
      found.push(await total(store.reader, { metric: metric(name), fromMs: T0, toMs }));
    await store.close();
    return found;
  };

  test(
    'cut off at each of its requests, before or after: the next one ends with the same',
    { timeout: 180_000 },
    async () => {
      const proxy = await FaultProxy.start(influx.url);
      const { options, clock, bucket, close } = await filled();
      clock.nowMs = DUE - HOUR;
      const wanted = await sums(options, { windows: true, toMs: CUT - HOUR });
      expect(wanted[0]).toBeGreaterThan(0n);
      const cut = async (request: number, after: boolean) => {
        await operator.deleteBucket(`${bucket}_hours`);
        proxy.cutAt(request, after);
        return await roll({ ...options, url: proxy.url }).catch((error: unknown) => error);
      };
      let cuts = 0;
      for (; ; cuts += 1) {
        const error = await cut((cuts >> 1) + 1, cuts % 2 === 1);
        if (Array.isArray(error)) break;
        expect(error).toMatchObject({ name: 'StoreError', retryable: true });
        await roll(options);
        expect(await sums(options, { toMs: CUT - HOUR })).toEqual(wanted);
      }
      // Of two hours each: look, its nodes, three times their cgroups, its nodes' figures, write, look, mark.
      expect(cuts / 2).toBeGreaterThanOrEqual(2 * 10);
      await Promise.all([close(), proxy.close()]);
    },
  );

  test('what another process left in an hour is gone; what it writes at the same time is found', async () => {
    const { options, clock, reader, bucket, close } = await filled();
    clock.nowMs = DUE;
    const wanted = await sums(options);
    await operator.makeBucket(`${bucket}_hours`);
    const stranger = `cgroup_hours,cluster=c1,node=n1,workload=Deployment/old dentries_allocated=5i ${T0}`;
    await operator.writeLines(`${bucket}_hours`, [stranger]);
    await Promise.all([roll(options), roll(options)].map((both) => both.catch(() => [])));
    await roll(options);
    expect(await sums(options)).toEqual(wanted);
    const { rows } = await top(reader, 'workload', { ...ALL, toMs: CUT });
    expect(new Set(rows.map(({ owner }) => owner.workload))).toEqual(
      new Set(['StatefulSet/db=0', 'Deployment/web', undefined]),
    );
    await close();
  });

  test('a window that comes when its hour may be rolled up is left out and told of; its neighbours are in', async () => {
    const { writer, reader, census, clock, close } = await setUp();
    const told: [number, string][] = [];
    census.onExpired((points, why) => void told.push([points, why]));
    clock.nowMs = T0 + KEPT - DAY + 1;
    const [late, inTime] = [
      window({ seq: 1, figures: { 7: 1n, 8: 2n } }),
      window({ seq: 2, figures: { 7: 4n } }),
    ];
    const poison = window({ seq: 3, figures: { 7: 1n << 63n } });
    const error = await writer.write([late, inTime, poison]).catch((error: unknown) => error);
    expect(told).toEqual([[3, 'older than 144 h: their hours may be rolled up already']]);
    expect(error).toMatchObject({ retryable: false, refused: [{ batch: 2 }] });
    expect(await total(reader)).toBe(4n);
    await close();
  });

  test('what hours cannot tell is answered from where windows are kept, and says so', async () => {
    const { options, clock, reader, bucket, close } = await filled();
    clock.nowMs = DUE;
    await roll(options);
    await drop(bucket, CUT);
    const asked = { ...ALL, toMs: T0 + HOURS * HOUR };
    // Windows are kept for a day longer than needed: all that the setting promises.
    clock.nowMs = CUT - 1 + KEPT;
    const widened = { fromMs: CUT, toMs: asked.toMs, stepMs: 0 };
    for (const by of ['pod', 'container', 'cgroup'] as const)
      expect((await top(reader, by, asked)).widened).toEqual(widened);
    const live = metric('live_dentries_estimate');
    expect(await top(reader, 'node', { ...asked, metric: live })).toMatchObject({ widened });
    const pod = {
      metric: metric('dentries_allocated'),
      filter: { pod: 'web-1' },
      stepMs: 50 * MINUTE,
      ...asked,
    };
    const steps = await reader.series(pod, cap());
    expect(steps.widened).toEqual({ fromMs: T0 + 200 * MINUTE, toMs: asked.toMs, stepMs: 50 * MINUTE });
    expect(await top(reader, 'pod', { ...asked, toMs: T0 + HOUR })).toEqual({
      total: 0n,
      rows: [],
      widened: { fromMs: T0 + HOUR, toMs: T0 + HOUR, stepMs: 0 },
    });
    await close();
  });

  test('steps become whole hours that end where windows begin; no step has both in it', async () => {
    const { options, clock, reader, close } = await filled();
    const whole = await reader.series(
      {
        metric: metric('dentries_allocated'),
        filter: {},
        stepMs: 2 * HOUR,
        fromMs: T0 - HOUR,
        toMs: ALL.toMs,
      },
      cap(),
    );
    clock.nowMs = DUE;
    await roll(options);
    const request = { filter: {}, stepMs: 90 * MINUTE, fromMs: T0 + 1, toMs: ALL.toMs };
    const found = await reader.series({ metric: metric('dentries_allocated'), ...request }, cap());
    expect(found.widened).toEqual({ fromMs: T0 - HOUR, toMs: ALL.toMs, stepMs: 2 * HOUR });
    expect(found.steps).toEqual(whole.steps);
    const gauge = await reader.series({ metric: metric('node_dentries'), ...request }, cap());
    expect(gauge.steps.map(({ startMs }) => startMs - T0)).toEqual([-HOUR, HOUR, 3 * HOUR]);
    await close();
  });

  test('nothing is rolled up where hours are kept no longer, and not where windows leave too early', async () => {
    const { options, bucket, close } = await setUp();
    expect(openInfluxRollup({ ...options, rollup: { bucket: 'x', retentionMs: KEPT } })).toBeUndefined();
    await operator.deleteBucket(bucket);
    await operator.makeBucket(bucket, (3 * DAY) / 1000);
    await expect(roll(options)).rejects.toThrow(
      /keeps windows 72 h, less than DENTRYSCOPE_RETENTION says \(168 h\)/,
    );
    await close();
  });

  test('a token that may read only, and no bucket of hours yet: windows answer', async () => {
    const { options, clock, bucket, close } = await filled();
    const { buckets } = (await operator.request(`buckets?name=${bucket}`)) as { buckets: { id: string }[] };
    const token = await operator.tokenFor(['read'], buckets[0]!.id);
    clock.nowMs = DUE;
    const reading = await openInfluxStore({ ...options, token });
    expect(await total(reading.reader, { fromMs: T0, toMs: CUT })).toBeGreaterThan(0n);
    await Promise.all([close(), reading.close()]);
  });
});
