/** A fleet of known windows for the roll-up of InfluxDB, and all that can be asked of its hours. */
import { afterAll, beforeAll } from 'vitest';
import { cgroupMetrics, createBatch, nodeMetrics } from '@dentryscope/contracts';
import type { Dimension, Metric, NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import { startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxRollup, openInfluxStore } from '@dentryscope/store';
import type { InfluxOptions, OwnerFilter, Reader, TimeRange } from '@dentryscope/store';
import { T0, cap, info, metric, named, top, total } from './fixtures.js';
import { Operator } from './influx-operator.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const MINUTE = 60_000;
export const HOURS = 4;
export const CUT = T0 + 3 * HOUR;
export const ALL = { fromMs: T0, toMs: T0 + HOURS * HOUR };
export const KEPT = 7 * DAY;
/** An hour after the last that is due has become too old to be added to. */
export const DUE = CUT + KEPT - DAY + HOUR;

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

export const names = [
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
export async function answers(reader: Reader) {
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

/** An InfluxDB for the tests of the block in which it is called, and what they do with it. */
export function rollUps() {
  let influx: RunningInflux;
  let operator: Operator;
  let count = 0;
  beforeAll(async () => {
    influx = await startInflux();
    operator = new Operator(influx);
  });
  afterAll(() => influx?.stop());

  /** A bucket for windows that keeps all, so that the test says when they leave. */
  const setUp = async () => {
    const bucket = `b${count++}`;
    await operator.makeBucket(bucket);
    const clock = { nowMs: T0 + DAY };
    const { url, org, token } = influx;
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
    operator.delete(bucket, ['cgroup', 'node'], T0 - DAY, beforeMs - 1);

  /** Over the rolled up hours: from them, or with `windows` as if nothing were rolled up. */
  const sums = async (options: InfluxOptions, { windows = false, toMs = CUT } = {}) => {
    const store = await openInfluxStore({ ...options, ...(windows && { rollup: undefined }) });
    const found = [];
    for (const name of ['dentries_allocated', 'instantiated', 'node_dentries_allocated'])
      found.push(await total(store.reader, { metric: metric(name), fromMs: T0, toMs }));
    await store.close();
    return found;
  };

  return { operator: () => operator, setUp, filled, roll, drop, sums };
}
