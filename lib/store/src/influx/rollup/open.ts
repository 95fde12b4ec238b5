/** The roll-up of a bucket of windows into one of hours. One process at a time does it. */
import { HOUR_MS } from '../../hour.js';
import { StoreError } from '../../types.js';
import type { InfluxOptions } from '../open.js';
import { Server } from '../server.js';
import type { ServerOptions } from '../server.js';
import { mostBetweenMs, planOf } from './ages.js';
import type { Plan } from './ages.js';
import { Roller } from './roll.js';
import type { RolledHour } from './roll.js';

export interface Rollup {
  /** How often it has to be run at least, in milliseconds, so that no window leaves before it is rolled up. */
  readonly mostBetweenMs: number;
  /** Rolls up the hours that are due, and tells each that had windows. @throws StoreError, or the signal's reason */
  run(signal: AbortSignal): AsyncGenerator<RolledHour>;
}

const CLOCK_LIMIT_MS = 30_000;

/** @returns undefined where nothing is to be rolled up: hours are kept no longer than windows */
export function openInfluxRollup(options: InfluxOptions): Rollup | undefined {
  const plan = planOf(options);
  if (!plan) return undefined;
  const windows = new Server(options);
  const hours = new Server(hoursOptions(options, plan));
  return {
    mostBetweenMs: mostBetweenMs(plan),
    async *run(signal) {
      await checkKept(windows, plan);
      if (!options.now) await checkClock(windows, plan, signal);
      const nowMs = options.now?.() ?? Date.now();
      yield* new Roller({ windows, hours }, plan, nowMs, signal).rollDue();
    },
  };
}

/** Of the server of the bucket of hours. */
export function hoursOptions(options: InfluxOptions, { rollup }: Plan): ServerOptions {
  const { bucket, retentionMs } = rollup;
  return { ...options, bucket, retentionMs, bucketSetting: 'DENTRYSCOPE_INFLUX_ROLLUP_BUCKET' };
}

/** Windows that InfluxDB drops earlier than we think would be missing from their hours. */
async function checkKept(server: Server, { retentionMs }: Plan): Promise<void> {
  const keptMs = await server.retentionMs();
  if (keptMs === undefined || keptMs === 0 || keptMs >= retentionMs) return;
  throw new StoreError(
    `the bucket ${server.bucket} (DENTRYSCOPE_INFLUX_BUCKET) keeps windows ${keptMs / HOUR_MS} h, less than ` +
      `DENTRYSCOPE_RETENTION says (${retentionMs / HOUR_MS} h): set that to what the bucket keeps, here and where windows are written`,
    false,
  );
}

/** By a clock that is ahead, hours would be rolled up to which windows are still added. */
async function checkClock(server: Server, { slackMs }: Plan, signal: AbortSignal): Promise<void> {
  const flux = 'import "array" array.from(rows: [{now: now()}])';
  const [row] = await server.queryWithin(CLOCK_LIMIT_MS, flux, ['now'], signal);
  const aheadMs = Date.now() - Date.parse(row![0]!);
  if (Math.abs(aheadMs) <= slackMs) return;
  throw new StoreError(
    `this clock is ${Math.round(aheadMs / 1000)} s ahead of InfluxDB's; hours are rolled up by clocks that differ by ` +
      `${slackMs / 1000} s at most`,
    true,
  );
}
