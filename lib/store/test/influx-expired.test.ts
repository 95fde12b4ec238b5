/** Windows that come later than their bucket keeps them: left out and told of; all else of the same write is in. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import { Operator } from './influx-operator.js';
import { total, window } from './fixtures.js';

const missing = requirePart('influx');
const HOUR_MS = 3_600_000;

describe.skipIf(missing)('InfluxDB 2.7 with a bucket that keeps two hours', () => {
  let influx: RunningInflux;
  beforeAll(async () => void (influx = await startInflux()));
  afterAll(() => influx?.stop());
  const nowMs = Date.now();
  const late = (seq: number) =>
    window({ seq, startMs: nowMs - 5 * HOUR_MS + seq, figures: { 7: 100n, 8: 200n } });
  const inTime = (seq: number, more: Partial<Parameters<typeof window>[0]> = {}) =>
    window({ seq, startMs: nowMs - HOUR_MS / 2 + seq, figures: { 7: 1n, 8: 2n }, ...more });

  const open = async (bucket: string) => {
    await new Operator(influx).makeBucket(bucket, (2 * HOUR_MS) / 1000);
    const { url, org, token } = influx;
    const store = await openInfluxStore({ url, org, token, bucket });
    const expired: number[] = [];
    store.census.onExpired((points, why) => {
      expect(why).toMatch(/retention policy/);
      expired.push(points);
    });
    const sum = () => total(store.reader, { fromMs: nowMs - 10 * HOUR_MS, toMs: nowMs + HOUR_MS });
    return { ...store, expired, sum };
  };

  test('three of five windows: their cgroups and nodes are told of, the other two are in', async () => {
    const { writer, expired, sum, close } = await open('some');
    await writer.write([late(1), inTime(2), late(3), inTime(4), late(5)]);
    expect(expired).toEqual([3 * 3]);
    expect(await sum()).toBe(2n * 3n);
    await writer.write([late(1)]);
    expect(expired).toEqual([9, 3]);
    await close();
  });

  test('beside a refused line: that one is refused, nothing is told twice', async () => {
    const { writer, expired, sum, close } = await open('refused');
    const batches = [late(1), inTime(2, { figures: { 7: 1n, 8: 1n << 63n } }), late(3), inTime(4)];
    const refused = await writer.write(batches).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      retryable: false,
      refused: [{ batch: 1, rest: { cgroups: { ids: [8n] } } }],
    });
    expect(expired.reduce((a, b) => a + b)).toBe(2 * 3);
    expect(await sum()).toBe(1n + 3n);
    await close();
  });
});
