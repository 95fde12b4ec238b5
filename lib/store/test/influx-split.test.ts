/** What a question becomes at each minute of an hour: no fake of InfluxDB, only a clock that it has no say in. */
import { describe, expect, test } from 'vitest';
import { mostBetweenMs, planOf } from '../src/influx/rollup/ages.js';
import { Past } from '../src/influx/rollup/past.js';
import { hourOf } from '../src/hour.js';
import { metric } from './fixtures.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T = Date.UTC(2026, 10, 28, 12);

const askedUntil = (toMs: number) => ({
  ...{ metric: metric('dentries_allocated'), by: 'node' as const, filter: {}, limit: 10 },
  ...{ fromMs: toMs - 1000 * HOUR, toMs },
});

describe.each([2, 3, 5, 24, 7 * 24, 30 * 24])('windows that are kept %i hours', (hours) => {
  const plan = planOf({ retentionMs: hours * HOUR, rollup: { bucket: 'hours', retentionMs: 2000 * HOUR } })!;
  const minutes = Array.from({ length: 121 }, (_, n) => T + n * MINUTE);
  const split = (nowMs: number, rolledMs: number, fromMs?: number) =>
    new Past(plan, () => nowMs).split(
      { ...askedUntil(T + 2 * HOUR), ...(fromMs !== undefined && { fromMs }) },
      () => Promise.resolve([[String(rolledMs)]]),
    );

  test('a roll-up as late as it may be leaves no gap, at no minute', async () => {
    for (const nowMs of minutes) {
      const rolledMs = hourOf(nowMs - plan.finalMs - mostBetweenMs(plan));
      const { hours, windows, widened } = await split(nowMs, rolledMs);
      expect([hours?.fromMs, hours?.toMs, windows?.fromMs], new Date(nowMs).toISOString()).toEqual([
        widened!.fromMs,
        rolledMs,
        rolledMs,
      ]);
      expect((await split(nowMs, rolledMs, rolledMs)).widened).toBeUndefined();
    }
  });

  test('one that is too late leaves out what is before the gap, as soon as InfluxDB may have dropped an hour', async () => {
    for (const nowMs of minutes) {
      const droppedMs = hourOf(nowMs + plan.slackMs - plan.retentionMs);
      const keptMs = Math.ceil((nowMs - plan.retentionMs) / HOUR) * HOUR;
      const rolledMs = Math.min(droppedMs, keptMs) - HOUR;
      for (const fromMs of [undefined, rolledMs]) {
        const { hours, windows, widened } = await split(nowMs, rolledMs, fromMs);
        expect([hours, windows?.fromMs, widened?.fromMs]).toEqual([undefined, keptMs, keptMs]);
      }
    }
  });
});

describe('hours that are kept 100 days', () => {
  const DAY = 24 * HOUR;
  const KEPT = T - 100 * DAY;
  const plan = planOf({ retentionMs: 7 * DAY, rollup: { bucket: 'hours', retentionMs: 100 * DAY } })!;
  const rolledMs = hourOf(T - plan.finalMs);
  const split = (fromMs: number, toMs: number, step: { stepMs?: number } = {}) =>
    new Past(plan, () => T).split({ ...askedUntil(toMs), ...step, fromMs }, () =>
      Promise.resolve([[String(rolledMs)]]),
    );

  test('the answer begins where they do', async () => {
    for (const fromMs of [T - 365 * DAY, KEPT - 1, KEPT, KEPT + HOUR - 1]) {
      const { hours, windows, widened } = await split(fromMs, T);
      expect([hours?.fromMs, hours?.toMs, windows?.fromMs]).toEqual([KEPT, rolledMs, rolledMs]);
      expect(widened).toEqual({ fromMs: KEPT, toMs: T, stepMs: 0 });
    }
    expect((await split(KEPT + HOUR, T)).widened?.fromMs).toBe(KEPT + HOUR);
  });

  test('with the first step that is kept whole; one that is longer than all of it is as long', async () => {
    const startOf = async (stepMs: number, toMs = T) =>
      (await split(T - 365 * DAY, toMs, { stepMs })).widened;
    expect(await startOf(HOUR)).toEqual({ fromMs: KEPT, toMs: T, stepMs: HOUR });
    const [fifty, first] = [50 * HOUR, rolledMs - KEPT];
    expect(await startOf(fifty)).toEqual({ fromMs: KEPT + (first % fifty), toMs: T, stepMs: fifty });
    expect(await startOf(1000 * DAY)).toEqual({ fromMs: KEPT, toMs: T, stepMs: first });
    const toMs = KEPT + 3 * HOUR;
    expect(await startOf(2 * HOUR, toMs)).toEqual({ fromMs: KEPT + HOUR, toMs, stepMs: 2 * HOUR });
  });

  test('before them there is nothing to ask', async () => {
    const toMs = KEPT - DAY;
    for (const step of [{}, { stepMs: 2 * HOUR }])
      expect(await split(T - 365 * DAY, toMs, step)).toEqual({
        widened: { fromMs: toMs, toMs, stepMs: step.stepMs ?? 0 },
      });
  });
});
