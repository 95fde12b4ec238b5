/** What InfluxDB and its settings can do to us, each with what the operator is told. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { StoreError, openInfluxStore } from '@dentryscope/store';
import type { InfluxOptions } from '@dentryscope/store';
import { total, untilWritten, window } from './fixtures.js';
import { Operator } from './influx-operator.js';

const missing = requirePart('influx');
const batch = window({ figures: { 7: 1n }, state: { nrDentry: 1n } });

/** All that the store does, each with how it failed. */
async function failures(options: InfluxOptions): Promise<StoreError[]> {
  const { writer, reader, close } = await openInfluxStore(options);
  const calls = [() => writer.write([batch]), () => reader.ping(), () => total(reader)];
  const errors = [];
  for (const call of calls) errors.push(await call().catch((error: unknown) => error));
  await close();
  for (const error of errors) expect(error).toBeInstanceOf(StoreError);
  return errors as StoreError[];
}

describe.skipIf(missing)('InfluxDB 2.7 in trouble', () => {
  let influx: RunningInflux;
  let options: InfluxOptions;
  let count = 0;
  const freshBucket = () => `b${count++}`;
  beforeAll(async () => {
    influx = await startInflux();
    options = { url: influx.url, org: influx.org, bucket: influx.bucket, token: influx.token };
  });
  afterAll(() => influx?.stop());

  /** A token that may do this to the buckets of that name only. */
  const tokenFor = async (action: string[], bucket: string): Promise<string> => {
    const operator = new Operator(influx);
    return await operator.tokenFor(action, await operator.makeBucket(bucket));
  };

  test('nobody at the address: retryable, names the setting', async () => {
    for (const error of await failures({ ...options, url: 'http://127.0.0.1:1' }))
      expect(error).toMatchObject({
        retryable: true,
        message: expect.stringMatching(/127.0.0.1:1 \(DENTRYSCOPE_INFLUX_URL\).*ECONNREFUSED/),
      });
  });

  test('a wrong token: retryable, since it can be mended; it is not in the message', async () => {
    for (const error of await failures({ ...options, token: 'wrong-token' })) {
      expect(error).toMatchObject({
        retryable: true,
        message: expect.stringMatching(/401.*DENTRYSCOPE_INFLUX_TOKEN/),
      });
      expect(error.message).not.toContain('wrong-token');
    }
  });

  test('a wrong organization', async () => {
    for (const error of await failures({ ...options, org: 'nobody' }))
      expect(error).toMatchObject({
        retryable: true,
        message: expect.stringMatching(/"nobody" not found.*DENTRYSCOPE_INFLUX_ORG/),
      });
  });

  test('a bucket that is missing is made; where the token may not, it says so', async () => {
    const store = await openInfluxStore({ ...options, bucket: freshBucket() });
    await store.reader.ping();
    await store.writer.write([batch]);
    expect(await total(store.reader)).toBe(1n);
    await store.close();
    const token = await tokenFor(['read', 'write'], freshBucket());
    for (const error of await failures({ ...options, token, bucket: 'another' }))
      expect(error).toMatchObject({
        retryable: true,
        message: expect.stringContaining('DENTRYSCOPE_INFLUX_BUCKET'),
      });
  });

  test('a token that may only read, or only write', async () => {
    const bucket = freshBucket();
    const reads = await openInfluxStore({ ...options, bucket, token: await tokenFor(['read'], bucket) });
    await reads.reader.ping();
    await expect(reads.writer.write([batch])).rejects.toThrow(/DENTRYSCOPE_INFLUX_(TOKEN|BUCKET)/);
    await reads.close();
    const other = freshBucket();
    const writes = await openInfluxStore({
      ...options,
      bucket: other,
      token: await tokenFor(['write'], other),
    });
    await writes.writer.write([batch]);
    await expect(writes.reader.ping()).rejects.toThrow(/DENTRYSCOPE_INFLUX_(TOKEN|BUCKET)/);
    await writes.close();
  });

  test('figures that InfluxDB refuses for what they are: not retryable, in its own words', async () => {
    const bucket = freshBucket();
    const store = await openInfluxStore({ ...options, bucket });
    await store.reader.ping();
    const line = `cgroup,cluster=c1 dentries_allocated=0.5 ${batch.windowStartMs}`;
    await new Operator(influx).writeLines(bucket, [line]);
    const error = await store.writer.write([batch]).catch((error: unknown) => error);
    expect(error).toMatchObject({
      retryable: false,
      message: expect.stringContaining('field type conflict'),
    });
    await store.close();
  });

  test('it stands still: the write gives up in its time and may be tried again, and so does a ping', async () => {
    const store = await openInfluxStore({ ...options, bucket: freshBucket(), writeTimeoutMs: 1_000 });
    await store.writer.write([batch]);
    await influx.kill('SIGSTOP');
    try {
      const [write, ping] = await Promise.allSettled([
        store.writer.write([window({ seq: 2, figures: { 7: 2n } })]),
        store.reader.ping(),
      ]);
      for (const result of [write, ping])
        expect(result).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', retryable: true } });
    } finally {
      await influx.kill('SIGCONT');
    }
    await store.writer.write([window({ seq: 2, figures: { 7: 2n } })]);
    expect(await total(store.reader)).toBe(3n);
    await store.close();
  });

  test('killed and started again while it is written to: with retries the sum is exact', async () => {
    const store = await openInfluxStore({ ...options, bucket: freshBucket() });
    const figures = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [n + 1, BigInt(n)]));
    const round = (seq: number) =>
      Array.from({ length: 10 }, (_, node) => window({ seq, node: `n${node}`, figures }));
    let failed = 0;
    const written = (async () => {
      for (let seq = 1; seq <= 60; seq++) failed += await untilWritten(() => store.writer.write(round(seq)));
    })();
    for (let kill = 0; kill < 3; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 300 + 400 * kill));
      await influx.kill('SIGKILL');
      await influx.restart();
    }
    await written;
    expect(failed).toBeGreaterThan(0);
    expect(await total(store.reader)).toBe(60n * 10n * ((499n * 500n) / 2n));
    await store.close();
  });
});
