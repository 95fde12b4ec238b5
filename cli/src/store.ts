import { join } from 'node:path';
import type { Settings } from '@dentryscope/contracts';
import { SettingError } from '@dentryscope/runtime';
import { openEmbeddedStore, openInfluxStore } from '@dentryscope/store';
import type { Reader, Writer } from '@dentryscope/store';

export interface Store {
  readonly writer: Writer;
  readonly reader: Reader;
  close(): Promise<void>;
}

export async function openStore(settings: Settings): Promise<Store> {
  if (settings.store === 'embedded')
    return await openEmbeddedStore({ directory: join(settings.dataDir, 'store') });
  if (settings.influxToken === undefined)
    throw new SettingError(
      'DENTRYSCOPE_STORE=influx wants DENTRYSCOPE_INFLUX_TOKEN_FILE or DENTRYSCOPE_INFLUX_TOKEN',
    );
  return await openInfluxStore({
    url: settings.influxUrl,
    org: settings.influxOrg,
    bucket: settings.influxBucket,
    token: settings.influxToken,
    tlsCaFile: settings.influxTlsCaFile,
  });
}
