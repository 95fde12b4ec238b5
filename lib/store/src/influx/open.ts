/** The store of a fleet: InfluxDB v2. Nothing is kept here but what can be read again. */
import type { Census, ExpiredListener, Reader, Writer } from '../types.js';
import { openCensus } from './census.js';
import { InfluxReader } from './reader.js';
import type { HoursBucket } from './reader.js';
import { keptFromMs, planOf } from './rollup/ages.js';
import type { Plan } from './rollup/ages.js';
import { hoursOptions } from './rollup/open.js';
import { Past } from './rollup/past.js';
import { Server } from './server.js';
import { InfluxWriter } from './writer.js';

/** The bucket of hours: see rollup/layout.ts. */
export interface RollupOptions {
  /** Another than that of the windows. */
  readonly bucket: string;
  /** What that bucket keeps, in milliseconds, where it has to be made. */
  readonly retentionMs: number;
  /** Lines a request. Default 5,000. */
  readonly requestLines?: number;
}

export interface InfluxOptions {
  readonly url: string;
  readonly org: string;
  /** Made with the first use if it is missing and the token may. */
  readonly bucket: string;
  readonly token: string;
  /** What a bucket that is made keeps, in milliseconds, at least 3,600,000; all where left out. One that exists is left alone. */
  readonly retentionMs?: number | undefined;
  /** Where windows go, summed up by the hour, before they leave; without it, or kept no longer, they just leave. */
  readonly rollup?: RollupOptions | undefined;
  /** PEM file of the authorities that may have signed its certificate; those that Node knows where left out. */
  readonly tlsCaFile?: string | undefined;
  /** How long one request of a write may be without an answer, in milliseconds. Default 30,000. */
  readonly writeTimeoutMs?: number;
  /** Unix milliseconds. Default: Date.now. */
  readonly now?: () => number;
}

export interface InfluxStore {
  readonly writer: Writer;
  readonly reader: Reader;
  readonly census: Census;
  close(): Promise<void>;
}

/**
 * Does not connect: an InfluxDB that is not there yet is the next call's error, and that call may be tried again.
 * @throws Error where `tlsCaFile` cannot be read
 */
export async function openInfluxStore(options: InfluxOptions): Promise<InfluxStore> {
  const server = new Server(options);
  const { now = Date.now } = options;
  const plan = planOf(options);
  const hours = plan && hoursOf(options, plan, now);
  const late = plan && { beforeMs: () => now() - plan.lateMs, lateMs: plan.lateMs };
  const listeners: ExpiredListener[] = [];
  const writer = new InfluxWriter(server, {
    onExpired: (...told) => listeners.forEach((listener) => listener(...told)),
    late,
    retentionMs: options.retentionMs,
  });
  const { retentionMs = Infinity } = options;
  const reader = new InfluxReader(server, options.bucket, () => keptFromMs(retentionMs, now()), hours);
  return {
    writer,
    reader,
    census: openCensus({ server, bucket: options.bucket, hours, late, listeners }),
    close: async () => void (await Promise.all([writer.close(), reader.close()])),
  };
}

/** A reader's token may be one that makes no buckets, and before the first roll-up there is none. */
function hoursOf(options: InfluxOptions, plan: Plan, now: () => number): HoursBucket {
  const server = new Server({ ...hoursOptions(options, plan), makesBucket: false });
  return { server, past: new Past(plan, now) };
}
