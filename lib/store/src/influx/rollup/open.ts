/** The roll-up of a bucket of windows into one of hours. One process at a time does it. */
import { StoreError } from '../../types.js';
import type { InfluxOptions } from '../open.js';
import { Server } from '../server.js';
import { agesOf, mostBetweenMs } from './ages.js';
import { Roller } from './roll.js';
import type { RolledHour } from './roll.js';

export interface Rollup {
  /** How often it has to be run at least, in milliseconds, so that no window leaves before it is rolled up. */
  readonly mostBetweenMs: number;
  /** Rolls up the hours that are due, and tells each that had windows. @throws StoreError, or the signal's reason */
  run(signal: AbortSignal): AsyncGenerator<RolledHour>;
}

/** @returns undefined where nothing is to be rolled up: hours are kept no longer than windows */
export function openInfluxRollup(options: InfluxOptions): Rollup | undefined {
  const { rollup, retentionMs, now = Date.now } = options;
  const ages = agesOf(options);
  if (!ages || !rollup || retentionMs === undefined) return undefined;
  const windows = { server: new Server(options), bucket: options.bucket };
  const hours = { server: new Server({ ...options, ...rollup }), bucket: rollup.bucket };
  const roller = new Roller({ windows, hours }, ages, now);
  return {
    mostBetweenMs: mostBetweenMs(ages, retentionMs),
    async *run(signal) {
      await checkKept(windows.server, options.bucket, retentionMs);
      yield* roller.rollDue(signal);
    },
  };
}

/** Windows that InfluxDB drops earlier than we think would be missing from their hours. */
async function checkKept(server: Server, bucket: string, retentionMs: number): Promise<void> {
  const keptMs = await server.retentionMs();
  if (keptMs === undefined || keptMs === 0 || keptMs >= retentionMs) return;
  throw new StoreError(
    `the bucket ${bucket} (DENTRYSCOPE_INFLUX_BUCKET) keeps windows ${keptMs / 3_600_000} h, less than ` +
      `DENTRYSCOPE_RETENTION says (${retentionMs / 3_600_000} h): set that to what the bucket keeps, here and where windows are written`,
    false,
  );
}
