/** How many series InfluxDB has for us, and whether it keeps them as long as we were told: reported, never acted on. */
import type { Logger } from '@dentryscope/runtime';
import type { Census } from '@dentryscope/store';
import { messageOf } from '@dentryscope/transport';
import type { IngesterMetrics } from './metrics.js';

export interface CensusContext {
  readonly census: Census;
  /** DENTRYSCOPE_RETENTION, in milliseconds. */
  readonly retentionMs: number;
  readonly metrics: Pick<IngesterMetrics, 'series' | 'rolledUntil' | 'expired'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Default: a minute. */
  readonly everyMs?: number;
}

const EVERY_MS = 60_000;

/** Never two questions at once. @returns the way to stop it */
export function takeCensus(context: CensusContext): () => void {
  const { census, metrics, logger, everyMs = EVERY_MS } = context;
  const { bucket } = census;
  tellExpired({ ...context, everyMs });
  let [busy, failing, compared, told] = [false, false, false, false];
  const take = async () => {
    const series = await census.series();
    metrics.series.set({ bucket }, series);
    failing = false;
    if (!compared) await compareRetention(context);
    compared = true;
    const rolledMs = await census.rolledUntilMs();
    if (rolledMs === undefined) return metrics.rolledUntil.remove();
    metrics.rolledUntil.set(rolledMs / 1000);
    if (!told) told = tellOtherRetention(context, rolledMs);
  };
  const tick = () => {
    if (busy) return;
    busy = true;
    take()
      .catch((error: unknown) => {
        metrics.series.remove({ bucket });
        metrics.rolledUntil.remove();
        // Once a time of trouble: what writes to it says the same, louder.
        if (!failing)
          logger.info({ err: error }, `the series of the bucket are not known: ${messageOf(error)}`);
        failing = true;
      })
      .finally(() => (busy = false));
  };
  const timer = setInterval(tick, everyMs).unref();
  tick();
  return () => clearInterval(timer);
}

/** All are counted; a backlog of days is logged once in a while only. */
function tellExpired({ census, metrics, logger, everyMs }: Required<CensusContext>): void {
  let quietUntilMs = -Infinity;
  census.onExpired((points, why) => {
    metrics.expired.inc(points);
    if (performance.now() < quietUntilMs) return;
    quietUntilMs = performance.now() + everyMs;
    logger.warn(
      { bucket: census.bucket, points },
      `windows came too late for the bucket ${census.bucket}, and are left out ` +
        `(all: ingester_influx_expired_points_total): ${why}`,
    );
  });
}

/** Windows that this ingester still takes would be in no hour. @returns whether it was told */
function tellOtherRetention({ census, logger }: CensusContext, rolledMs: number): boolean {
  const { bucket, lateMs } = census;
  if (lateMs === undefined || rolledMs <= Date.now() - lateMs) return false;
  logger.warn(
    { bucket, rolledUntil: new Date(rolledMs).toISOString() },
    `the bucket ${bucket} is rolled up to less than ${lateMs / 3_600_000} h ago: DENTRYSCOPE_RETENTION is shorter where ` +
      'dentryscope rollup runs than here, and windows that come late are in no hour; give both the same',
  );
  return true;
}

async function compareRetention({ census, retentionMs, logger }: CensusContext): Promise<void> {
  const keptMs = await census.retentionMs();
  const hours = (ms: number) => (ms === 0 ? 'for ever' : `${ms / 3_600_000} h`);
  if (keptMs === undefined || keptMs === retentionMs) return;
  logger.warn(
    { bucket: census.bucket, bucketRetentionMs: keptMs, retentionMs },
    `the bucket ${census.bucket} keeps windows ${hours(keptMs)}, DENTRYSCOPE_RETENTION says ${hours(retentionMs)}: ` +
      'a bucket that exists is left as it is; influx bucket update --retention changes it, ' +
      'or set DENTRYSCOPE_RETENTION to what it has',
  );
}
