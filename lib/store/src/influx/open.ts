/** The store of a fleet: InfluxDB v2. Nothing is kept here but what can be read again. */
import type { Census, ExpiredListener, Reader, Writer } from '../types.js';
import { openCensus } from './census.js';
import { InfluxReader } from './reader.js';
import { Server } from './server.js';
import { InfluxWriter } from './writer.js';

export interface InfluxOptions {
  readonly url: string;
  readonly org: string;
  /** Made with the first use if it is missing and the token may. */
  readonly bucket: string;
  readonly token: string;
  /** What a bucket that is made keeps, in milliseconds, at least 3,600,000; all where left out. One that exists is left alone. */
  readonly retentionMs?: number | undefined;
  /** PEM file of the authorities that may have signed its certificate; those that Node knows where left out. */
  readonly tlsCaFile?: string | undefined;
  /** How long one request of a write may be without an answer, in milliseconds. Default 30,000. */
  readonly writeTimeoutMs?: number;
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
  const listeners: ExpiredListener[] = [];
  const writer = new InfluxWriter(server, (...told) => listeners.forEach((listener) => listener(...told)));
  const reader = new InfluxReader(server, options.bucket);
  const census = openCensus(server, options.bucket, (listener) => void listeners.push(listener));
  return {
    writer,
    reader,
    census,
    close: async () => void (await Promise.all([writer.close(), reader.close()])),
  };
}
