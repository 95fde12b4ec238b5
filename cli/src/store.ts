import { join } from 'node:path';
import type { Settings } from '@dentryscope/contracts';
import { openGzip } from '@dentryscope/gzip';
import { SettingError } from '@dentryscope/runtime';
import type { Logger } from '@dentryscope/runtime';
import { openEmbeddedStore, openInfluxStore } from '@dentryscope/store';
import type { Census, InfluxOptions, Reader, Writer } from '@dentryscope/store';

export interface Store {
  readonly writer: Writer;
  readonly reader: Reader;
  /** Of InfluxDB. */
  readonly census?: Census;
  close(): Promise<void>;
}

/** @param writerLog of the process that writes: it drops what is older than the retention, and says here where it can't */
export async function openStore(settings: Settings, writerLog?: Logger): Promise<Store> {
  if (settings.store === 'embedded') {
    const directory = join(settings.dataDir, 'store');
    return await openEmbeddedStore(
      writerLog ? { directory, retention: retention(settings, writerLog) } : { directory },
    );
  }
  if (writerLog) tellSlowGzip(writerLog);
  return await openInfluxStore(influxOptions(settings));
}

function tellSlowGzip(logger: Logger): void {
  const { reason } = openGzip();
  if (reason === undefined) return;
  logger.warn(
    { reason },
    'what is written to InfluxDB is compressed by zlib, which takes four times the processor time of ISA-L ' +
      '(Debian: libisal2; npm run build with libisal-dev)',
  );
}

/** @throws SettingError without a token */
export function influxOptions(settings: Settings): InfluxOptions {
  if (settings.influxToken === undefined)
    throw new SettingError(
      'DENTRYSCOPE_STORE=influx wants DENTRYSCOPE_INFLUX_TOKEN_FILE or DENTRYSCOPE_INFLUX_TOKEN',
    );
  const hours = settings.influxRollupBucket ?? `${settings.influxBucket}_hours`;
  if (hours === settings.influxBucket)
    throw new SettingError(
      `DENTRYSCOPE_INFLUX_ROLLUP_BUCKET must be another bucket than DENTRYSCOPE_INFLUX_BUCKET (${hours}): hours are kept for longer`,
    );
  return {
    url: settings.influxUrl,
    org: settings.influxOrg,
    bucket: settings.influxBucket,
    token: settings.influxToken,
    retentionMs: settings.retention,
    rollup: { bucket: hours, retentionMs: settings.rollupRetention },
    tlsCaFile: settings.influxTlsCaFile,
  };
}

const retention = (settings: Settings, logger: Logger) => ({
  rawMs: settings.retention,
  rollupMs: settings.rollupRetention,
  onError: (error: unknown) =>
    logger.warn(
      { err: error },
      'windows older than DENTRYSCOPE_RETENTION are not rolled up or dropped yet; trying again',
    ),
});
