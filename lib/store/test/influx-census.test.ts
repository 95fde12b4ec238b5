/** Buckets on a real InfluxDB: how long they keep what is in them, and how many series they have. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import type { InfluxOptions } from '@dentryscope/store';
import { repeatMs } from '../src/influx/told.js';
import { T0, WINDOW, info, named, total, window } from './fixtures.js';
import { Operator } from './influx-operator.js';

const missing = requirePart('influx');
const DAY_MS = 86_400_000;

describe.skipIf(missing)('buckets of InfluxDB 2.7', () => {
  let influx: RunningInflux;
  let options: InfluxOptions;
  let count = 0;
  const freshBucket = () => `b${count++}`;
  beforeAll(async () => {
    influx = await startInflux();
    options = { url: influx.url, org: influx.org, bucket: influx.bucket, token: influx.token };
  });
  afterAll(() => influx?.stop());

  const rulesOf = async (bucket: string) => {
    const { buckets } = await new Operator(influx).request(`buckets?name=${bucket}`);
    type Rules = { everySeconds: number; shardGroupDurationSeconds: number }[];
    return (buckets as { retentionRules: Rules }[])[0]!.retentionRules;
  };

  async function bucketOf(
    keepSeconds: number,
  ): Promise<{ bucket: string; token: (...action: string[]) => Promise<string> }> {
    const operator = new Operator(influx);
    const bucket = freshBucket();
    const id = await operator.makeBucket(bucket, keepSeconds);
    return { bucket, token: (...actions) => operator.tokenFor(actions, id) };
  }

  /** InfluxDB refuses points that are older than what the bucket keeps. */
  const recent = (
    node: string,
    figures: Record<string, bigint>,
    startMs = Math.floor(Date.now() / WINDOW) * WINDOW,
  ) => window({ node, figures, startMs, state: { nrDentry: 1n } as never });

  test.each([
    ['the writer', 7 * DAY_MS, 604_800],
    ['the reader', 3_600_000, 3600],
    ['the writer', 5_400_500, 5401],
    ['the writer', undefined, 0],
  ])('made by %s with %s ms', async (who, retentionMs, everySeconds) => {
    const bucket = freshBucket();
    const { writer, reader, census, close } = await openInfluxStore({ ...options, bucket, retentionMs });
    await (who === 'the reader' ? reader.ping() : writer.write([recent('n1', { 7: 1n })]));
    expect((await rulesOf(bucket)).map((rule) => rule.everySeconds)).toEqual([everySeconds]);
    expect(await census.retentionMs()).toBe(everySeconds * 1000);
    await close();
  });

  test.each([1, 47, 48, 7 * 24, 100 * 24, 1000 * 24])(
    'kept %i hours: a shard is as long as a number of repetitions of what is told of cgroups',
    async (hours) => {
      const { bucket } = await bucketOf(hours * 3600);
      const { shardGroupDurationSeconds } = (await rulesOf(bucket))[0]!;
      expect((shardGroupDurationSeconds * 1000) % repeatMs(hours * 3_600_000)).toBe(0);
    },
  );

  test('one that exists is left as it is; its retention is told, to a token that may only read and write it', async () => {
    for (const keepSeconds of [30 * 86_400, 0]) {
      const { bucket, token } = await bucketOf(keepSeconds);
      const store = await openInfluxStore({
        ...{ ...options, bucket, token: await token('read', 'write') },
        retentionMs: 7 * DAY_MS,
      });
      await store.writer.write([recent('n1', { 7: 1n })]);
      await store.reader.ping();
      expect((await rulesOf(bucket)).map((rule) => rule.everySeconds)).toEqual([keepSeconds]);
      expect(await store.census.retentionMs()).toBe(keepSeconds * 1000);
      await store.close();
    }
  });

  test('series: one a cgroup of a boot, one a boot, whatever the number of windows and figures', async () => {
    const { bucket, token } = await bucketOf(0);
    const store = await openInfluxStore({ ...options, bucket, token: await token('read', 'write') });
    expect(await store.census.series()).toBe(0);
    const figures = { 1: 1n, 2: 2n, 3: 3n };
    // 100 days apart, in different shards.
    for (const startMs of [T0, T0 + WINDOW, T0 + 100 * DAY_MS])
      await store.writer.write(['n1', 'n2'].map((node) => recent(node, figures, startMs)));
    expect(await store.census.series()).toBe(2 * 3 + 2);
    await store.writer.write([recent('n1', { 4: 4n }, T0)]);
    await store.writer.write([{ ...recent('n2', {}, T0 + 2 * WINDOW), bootId: 'boot-2' }]);
    expect(await store.census.series()).toBe(2 * 3 + 2 + 1 + 1);
    // What is told of cgroups is one series a boot, all names are one.
    const { cgroupInfos } = window({
      cgroupInfos: [1n, 2n, 3n].map((id) => info(id, `/${id}`, 'pod', `c-${id}`)),
    });
    await store.writer.write([{ ...recent('n1', figures, T0), cgroupInfos }]);
    await store.writer.writeNames([named('pod', 'c-1', 'main'), named('pod', 'c-2', 'side')]);
    expect(await store.census.series()).toBe(2 * 3 + 2 + 1 + 1 + 1 + 1);
    expect(await total(store.reader, { toMs: T0 + 200 * DAY_MS })).toBe(2n * 3n * 6n + 4n);
    await store.close();
  });

  test('a token that may not read: not known, and why', async () => {
    const { bucket, token } = await bucketOf(0);
    const store = await openInfluxStore({ ...options, bucket, token: await token('write') });
    await store.writer.write([recent('n1', { 7: 1n })]);
    await expect(store.census.series()).rejects.toMatchObject({
      name: 'StoreError',
      message: expect.stringMatching(/DENTRYSCOPE_INFLUX_(TOKEN|BUCKET)/),
    });
    await store.close();
  });

  test('the question of docs/reliability.md: whose series they are', async () => {
    const bucket = freshBucket();
    const store = await openInfluxStore({ ...options, bucket });
    await store.writer.write([recent('n1', { 1: 1n, 2: 2n }), recent('db-01', { 1: 1n, 2: 2n, 3: 3n })]);
    const query = `import "influxdata/influxdb"
      influxdb.cardinality(bucket: "${bucket}", start: -7d,
        predicate: (r) => r._measurement == "cgroup" and r.node == "db-01")`;
    const response = await fetch(`${influx.url}/api/v2/query?org=${influx.org}`, {
      method: 'POST',
      headers: { authorization: `Token ${influx.token}`, 'content-type': 'application/vnd.flux' },
      body: query,
    });
    expect(await response.text()).toMatch(/,3\r?\n/);
    await store.close();
  });
});
