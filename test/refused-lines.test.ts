/** What InfluxDB refuses of a window is one dead letter, the rest is stored; mended and replayed, all of it is there. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchKey, createBatch, decodeBatch, encodeBatch, findMetric, topics } from '@dentryscope/contracts';
import type { CgroupMetric } from '@dentryscope/contracts';
import { requirePart } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import type { InfluxStore } from '@dentryscope/store';
import { openConsumer, openPublisher } from '@dentryscope/transport';
import type { Received, TransportSettings } from '@dentryscope/transport';
import { endAll, eventually } from './lib/cli.js';
import { send } from './lib/dead-letter-suite.js';
import { deadletter, lettersOf } from './lib/dead-letters.js';
import type { Place } from './lib/dead-letters.js';
import { scratch } from './lib/scratch.js';
import { onParts, startParts, startService } from './lib/services.js';
import type { Parts } from './lib/services.js';

const dir = scratch();
afterAll(dir.remove);
afterAll(endAll);

const missing = requirePart('kafka', 'influx');
const NOW = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000;
/** InfluxDB knows a field's type for each of its shards, and those are 7 days long. */
const LONG_AGO = NOW - 30 * 86_400_000;
const allocated = findMetric('dentries_allocated') as CgroupMetric;

const window = (node: string, startMs: number, seq: number, ids: readonly number[]) =>
  createBatch({
    cluster: 'refused',
    node,
    bootId: `boot-of-${node}`,
    seq: BigInt(seq),
    windowStartMs: BigInt(startMs),
    windowEndMs: BigInt(startMs + 10_000),
    windowDurationNs: 10_000_000_000n,
    state: { nrDentry: 5n },
    cgroups: { ids: ids.map(BigInt), dentriesAllocated: ids.map(BigInt) },
    cgroupInfos: ids.map((id) => ({ id: BigInt(id), path: `/${id}`, hierarchy: 'v2' })),
  });
/** 300 windows of a cgroup each, and among them one whose clock is a month late. */
const good = Array.from({ length: 300 }, (_, n) => window(`n${n % 10}`, NOW + n * 10_000, n + 1, [n + 1]));
const late = window('late', LONG_AGO, 1, [1_000_000]);
const sumOfGood = 45_150n;

describe.skipIf(missing)('a line that InfluxDB refuses', { timeout: 240_000 }, () => {
  let parts: Parts;
  let place: Place;
  let store: InfluxStore;
  beforeAll(async () => {
    parts = await startParts();
    const dataDir = join(dir.path, 'kafka');
    const env = {
      ...onParts(parts, dataDir),
      DENTRYSCOPE_KAFKA_PARTITIONS: '1',
      // As its bucket keeps them, so that a window of last month is not left out.
      DENTRYSCOPE_RETENTION: '365d',
    };
    const { brokers: kafkaBrokers } = parts.kafka;
    const settings: TransportSettings = { transport: 'kafka', kafkaBrokers, kafkaPartitions: 1, dataDir };
    place = { env, settings, publisher: openPublisher(settings), api: '' };
    store = await openInfluxStore(parts.influx);
  }, 240_000);
  afterAll(async () => {
    await store?.close();
    await place?.publisher.close();
    await endAll();
    await parts?.stop();
  });

  const influx = async (path: string, body: string) => {
    const { url, org, bucket, token } = parts.influx;
    const query = new URLSearchParams({ org, bucket, precision: 'ms' });
    const headers = { authorization: `Token ${token}` };
    const response = await fetch(`${url}/api/v2/${path}?${query}`, { method: 'POST', headers, body });
    expect(response.status).toBe(204);
  };
  /** Asked over shards that have the field in two types, InfluxDB 2.7.12 leaves out the integers. */
  const total = async (fromMs: number) => {
    const range = { fromMs, toMs: NOW + 86_400_000 };
    const request = {
      ...range,
      metric: allocated,
      by: 'node' as const,
      filter: { cluster: 'refused' },
      limit: 100,
    };
    return (await store.reader.top(request, { signal: AbortSignal.timeout(30_000) })).total;
  };
  const messages = async (topic: string, count: number): Promise<Received[]> => {
    const consumer = openConsumer(place.settings, topic, 'test', { ephemeral: true });
    const found: Received[] = [];
    const run = consumer.run(async (more) => void found.push(...more));
    await eventually(async () => (found.length >= count ? true : undefined));
    await consumer.close();
    await run;
    return found;
  };

  it('is one dead letter that says where it comes from; all else is stored exactly', async () => {
    await influx('write', `cgroup,cluster=planted dentries_allocated=0.5 ${LONG_AGO}`);
    const batches = [...good.slice(0, 170), late, ...good.slice(170)];
    await send(
      place,
      topics.deltas,
      batches.map((batch) => ({ key: batchKey(batch), value: encodeBatch(batch) })),
    );
    await startService('ingester', place.env);
    const [letter] = await lettersOf(place, batchKey(late), 1);
    expect(letter).toMatchObject({
      topic: topics.deltas,
      partition: 0,
      offset: '170',
      reason: expect.stringMatching(
        /^the store will never take it: 1 of its 1 cgroups: .*422.*"dentries_allocated".*type float/,
      ),
    });
    await eventually(async () => ((await total(NOW)) === sumOfGood ? true : undefined));
    const letters = await messages(topics.deadLetter, 1);
    expect(letters.map(({ value }) => decodeBatch(value))).toEqual([late]);
  });

  it('can be replayed when the other type is gone', async () => {
    const range = { start: new Date(LONG_AGO - 1000), stop: new Date(LONG_AGO + 1000) };
    await influx('delete', JSON.stringify({ ...range, predicate: '_measurement="cgroup"' }));
    const run = await deadletter(place, 'replay');
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('1 dead letters replayed to') });
    await eventually(async () => ((await total(0)) === sumOfGood + 1_000_000n ? true : undefined));
    expect(await messages(topics.deadLetter, 1)).toHaveLength(1);
  });
});
