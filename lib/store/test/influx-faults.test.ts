/** A write is done when InfluxDB has said all of its 204, and at no other answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart } from '@dentryscope/lab';
import { BehindProxy } from './behind-proxy.js';
import { answers, faults } from './fault-proxy.js';
import type { FaultProxy } from './fault-proxy.js';
import { info, series, total, untilWritten, window } from './fixtures.js';

const missing = requirePart('influx');

describe.skipIf(missing)('InfluxDB 2.7 behind a proxy that fails', () => {
  let behind: BehindProxy;
  let proxy: FaultProxy;
  beforeAll(async () => {
    behind = await BehindProxy.start();
    proxy = behind.proxy;
  });
  afterAll(() => behind?.stop());

  test.each(Object.keys(faults))('%s: not taken for written, and each window is there once', async (name) => {
    const store = await behind.open(name === 'no answer at all' ? 1_000 : undefined);
    const before = proxy.writes;
    for (let seq = 1; seq <= 3; seq++) {
      const one = window({ seq, figures: { 7: BigInt(seq), 8: 10n }, cgroupInfos: [info(7n, `/${seq}`)] });
      proxy.give(faults[name]!, 3);
      expect(await untilWritten(() => store.writer.write([one]), 10)).toBe(3);
    }
    expect(proxy.writes - before).toBeGreaterThanOrEqual(9);
    expect(await series(store.reader)).toEqual([
      [0, 11n],
      [10_000, 12n],
      [20_000, 13n],
    ]);
    expect(await total(store.reader)).toBe(36n);
    await store.close();
  });

  test.each([
    ['429 Too Many Requests', '7', 7_000],
    ['503 Service Unavailable', '2', 2_000],
    ['503 Service Unavailable', '86400', 300_000],
    ['429 Too Many Requests', 'soon', undefined],
  ])('%s with Retry-After: %s', async (status, header, retryAfterMs) => {
    const store = await behind.open();
    proxy.give(answers(status, [`Retry-After: ${header}`]), 1);
    const error = await store.writer.write([window({})]).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'StoreError', retryable: true, retryAfterMs });
    await store.close();
  });

  test('Retry-After as a date', async () => {
    const store = await behind.open();
    const date = new Date(Date.now() + 60_000).toUTCString();
    proxy.give(answers('429 Too Many Requests', [`Retry-After: ${date}`]), 1);
    const error = await store.writer.write([window({})]).catch((error: unknown) => error);
    const { retryAfterMs } = error as { retryAfterMs: number };
    // A date has whole seconds, and some time has gone since.
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    await store.close();
  });
});
