/** What the operator of an InfluxDB wants to know of our bucket: how many series there are, and how long it keeps them. */
import { StoreError } from '../types.js';
import type { Census, ExpiredListener } from '../types.js';
import { quoted, time } from './flux.js';
import type { HoursBucket } from './reader.js';
import { rolledUntilMs } from './rollup/rolled.js';
import type { Server } from './server.js';
import type { Late } from './writer.js';

const LIMIT_MS = 60_000;
/** No window is older: agents did not exist. */
const SINCE_MS = 0;
const UNTIL_MS = Date.UTC(2262, 0, 1);

export interface CensusOptions {
  readonly server: Pick<Server, 'queryWithin' | 'retentionMs'>;
  readonly bucket: string;
  readonly hours: HoursBucket | undefined;
  readonly late: Late | undefined;
  /** Those that are told of what is left out. */
  readonly listeners: ExpiredListener[];
}

export function openCensus({ server, bucket, hours, late, listeners }: CensusOptions): Census {
  return {
    bucket,
    lateMs: late?.lateMs,
    onExpired: (listener) => void listeners.push(listener),
    retentionMs: () => server.retentionMs(),
    rolledUntilMs: async () =>
      hours && rolledUntilMs((...asked) => hours.server.queryWithin(LIMIT_MS, ...asked), hours.past.bucket),
    async series() {
      const rows = await server.queryWithin(LIMIT_MS, seriesFlux(bucket), ['_value']);
      const [value = ''] = rows[0] ?? [];
      // An empty bucket answers without a row in some releases, and with 0 in others.
      if (rows.length === 0) return 0;
      if (!/^\d+$/.test(value)) throw new StoreError(`InfluxDB told ${JSON.stringify(value)} series`, true);
      return Number(value);
    },
  };
}

/** From the index, not from the data. A token that may read the bucket may ask (seen in 2.7.12). */
const seriesFlux = (bucket: string) => `import "influxdata/influxdb"
  influxdb.cardinality(bucket: ${quoted(bucket)}, start: ${time(SINCE_MS)}, stop: ${time(UNTIL_MS)})`;
