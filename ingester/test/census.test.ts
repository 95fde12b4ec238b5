/** When the census is told, and what is told again: by a store and a cluster that answer as the test wants. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMetrics, takeCensus, tellNames } from '@dentryscope/ingester';
import { Registry } from '@dentryscope/runtime';
import type { Census } from '@dentryscope/store';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function setup(
  series: () => Promise<number>,
  keptMs: number | undefined,
  retentionMs = 7 * DAY_MS,
  more: Partial<Census> = {},
) {
  const registry = new Registry();
  const logger = { info: vi.fn(), warn: vi.fn() };
  let expire: (points: number, why: string) => void;
  const stop = takeCensus({
    census: {
      bucket: 'b',
      lateMs: undefined,
      series,
      retentionMs: async () => keptMs,
      rolledUntilMs: async () => undefined,
      onExpired: (told) => void (expire = told),
      ...more,
    },
    ...{ retentionMs, metrics: createMetrics(registry), everyMs: 1000 },
    logger: logger as never,
  });
  const linesOf = (name: string) => async () => {
    const text = await registry.metrics();
    return text.split('\n').filter((line) => line.startsWith(name));
  };
  const expired = async () =>
    (await registry.getSingleMetric('ingester_influx_expired_points_total')!.get()).values[0]!.value;
  const lines = linesOf('ingester_influx_series');
  const rolled = linesOf('ingester_influx_rolled_until_timestamp_seconds');
  return { logger, stop, lines, rolled, expired, expire: (points: number) => expire(points, 'too old') };
}

test('series: absent until they are known, absent when they are not, and that is logged once', async () => {
  const answers = [() => 5, () => fail(), () => fail(), () => 7, () => fail()];
  const fail = (): number => {
    throw new Error('away');
  };
  const { logger, stop, lines } = setup(async () => answers.shift()!(), 7 * DAY_MS);
  expect(await lines()).toEqual([]);
  const seen = [];
  for (let n = 0; n < 5; n++) {
    await vi.advanceTimersByTimeAsync(n === 0 ? 0 : 1000);
    seen.push([await lines(), logger.info.mock.calls.length]);
  }
  expect(seen).toEqual([
    [['ingester_influx_series{bucket="b"} 5'], 0],
    [[], 1],
    [[], 1],
    [['ingester_influx_series{bucket="b"} 7'], 1],
    [[], 2],
  ]);
  stop();
  await vi.advanceTimersByTimeAsync(5000);
  expect(answers).toEqual([]);
  expect(logger.warn).not.toHaveBeenCalled();
});

test('what is rolled up: absent until it is known, where nothing is and where it cannot be known', async () => {
  const answers = [() => 5000, () => undefined, () => 7000, () => fail()];
  const fail = (): number => {
    throw new Error('away');
  };
  const { stop, rolled } = setup(async () => 1, undefined, undefined, {
    rolledUntilMs: async () => answers.shift()!(),
  });
  const seen = [await rolled()];
  for (let n = 0; n < 4; n++) {
    await vi.advanceTimersByTimeAsync(n === 0 ? 0 : 1000);
    seen.push(await rolled());
  }
  const line = (seconds: number) => [`ingester_influx_rolled_until_timestamp_seconds ${seconds}`];
  expect(seen).toEqual([[], line(5), [], line(7), []]);
  stop();
});

test('a question that takes long is not asked twice at once', async () => {
  const asked = vi.fn(() => new Promise<number>(() => undefined));
  const { stop } = setup(asked, undefined);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveBeenCalledTimes(1);
  stop();
});

test.each([
  [30 * DAY_MS, /keeps windows 720 h, DENTRYSCOPE_RETENTION says 168 h: .*bucket update/],
  [0, /keeps windows for ever, DENTRYSCOPE_RETENTION says 168 h/],
])('a bucket that keeps %s ms: the difference is logged, once', async (keptMs, message) => {
  const { logger, stop } = setup(async () => 1, keptMs);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(logger.warn.mock.calls.map(([, text]) => String(text))).toEqual([expect.stringMatching(message)]);
  stop();
});

test('a bucket whose retention the token may not see, or that is as it should be: nothing is said', async () => {
  for (const keptMs of [undefined, 7 * DAY_MS]) {
    const { logger, stop } = setup(async () => 1, keptMs);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(logger.warn).not.toHaveBeenCalled();
    stop();
  }
});

test('names are told again fourteen times in the retention; a store that keeps them is told once', async () => {
  const source = { subscribe: vi.fn(() => unsubscribe) };
  const unsubscribe = vi.fn();
  const stop = tellNames(source, () => undefined, 7 * DAY_MS);
  await vi.advanceTimersByTimeAsync(DAY_MS / 2 - 1);
  expect(source.subscribe).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(source.subscribe).toHaveBeenCalledTimes(2);
  expect(unsubscribe).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(6.5 * DAY_MS);
  expect(source.subscribe).toHaveBeenCalledTimes(15);
  stop();
  expect(unsubscribe).toHaveBeenCalledTimes(15);
  await vi.advanceTimersByTimeAsync(7 * DAY_MS);
  expect(source.subscribe).toHaveBeenCalledTimes(15);
  tellNames(source, () => undefined, undefined);
  await vi.advanceTimersByTimeAsync(70 * DAY_MS);
  expect(source.subscribe).toHaveBeenCalledTimes(16);
});

test('points that came too late: each is counted, and they are logged once in a while', async () => {
  const { logger, stop, expired, expire } = setup(async () => 1, undefined);
  for (let n = 0; n < 10; n++) expire(3);
  expect(await expired()).toBe(30);
  expect(logger.warn.mock.calls.map(([, words]) => words as string)).toEqual([
    'windows came too late for the bucket b, and are left out (all: ingester_influx_expired_points_total): too old',
  ]);
  await vi.advanceTimersByTimeAsync(1000);
  expire(1);
  expect(await expired()).toBe(31);
  expect(logger.warn).toHaveBeenCalledTimes(2);
  stop();
});

test('hours that are rolled up to where late windows are still taken: told once', async () => {
  const rolled = [DAY_MS * 7, DAY_MS * 3, DAY_MS * 3];
  const { logger, stop } = setup(async () => 1, 7 * DAY_MS, 7 * DAY_MS, {
    lateMs: 6 * DAY_MS,
    rolledUntilMs: async () => Date.now() - rolled.shift()!,
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(logger.warn).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2000);
  expect(logger.warn.mock.calls.map(([, words]) => words as string)).toEqual([
    expect.stringMatching(
      /^the bucket b is rolled up to less than 144 h ago: DENTRYSCOPE_RETENTION is shorter/,
    ),
  ]);
  stop();
});
