/** One InfluxDB: requests whose errors say what is wrong, and a bucket that is made when it is missing. */
import { readFileSync } from 'node:fs';
import { InfluxDB } from '@influxdata/influxdb-client';
import { StoreError } from '../types.js';
import { bucketRetentionMs, makeBucket } from './bucket.js';
import { isBucketMissing, toStoreError } from './errors.js';
import type { InfluxOptions } from './open.js';
import { post } from './post.js';
import type { PostOptions } from './post.js';
import { queryRows } from './query.js';

const WRITE_TIMEOUT_MS = 30_000;
/** A query's time is its caller's to cap; this only ends a connection that is dead. */
const QUERY_TIMEOUT_MS = 600_000;

export class Server {
  private readonly writing: InfluxDB;
  private readonly asking: InfluxDB;
  private readonly posting: PostOptions;
  private readonly writePath: string;

  constructor(private readonly options: InfluxOptions) {
    const { url, token, org, bucket, tlsCaFile, writeTimeoutMs: timeout = WRITE_TIMEOUT_MS } = options;
    const transportOptions = tlsCaFile === undefined ? {} : { ca: readFileSync(tlsCaFile) };
    this.writing = new InfluxDB({ url, token, timeout, transportOptions });
    this.asking = new InfluxDB({ url, token, timeout: QUERY_TIMEOUT_MS, transportOptions });
    this.posting = { url, token, timeoutMs: timeout, tls: transportOptions };
    this.writePath = `/api/v2/write?${new URLSearchParams({ org, bucket })}&precision=`;
  }

  /**
   * Resolves when InfluxDB has acknowledged the lines. The client's WriteApi is not used: it drops lines when its
   * buffer is full, and swallows the failure of a flush by timer.
   */
  async write(lines: string | Buffer, precision: 'ms' | 'ns' = 'ms'): Promise<void> {
    await this.once(() => post(this.posting, this.writePath + precision, lines));
  }

  /** The rows, each with the values of `columns` in that order, '' where a table lacks one. */
  query(flux: string, columns: readonly string[], signal: AbortSignal): Promise<string[][]> {
    const { org } = this.options;
    return this.once(() => {
      signal.throwIfAborted();
      return queryRows(this.asking.transport, { org, flux, columns }, signal);
    }, signal);
  }

  /** @throws StoreError when it takes longer than `ms` */
  async queryWithin(ms: number, flux: string, columns: readonly string[]): Promise<string[][]> {
    const limit = new AbortController();
    const reason = new StoreError(`InfluxDB at ${this.options.url} did not answer within ${ms} ms`, true);
    const timer = setTimeout(() => limit.abort(reason), ms);
    return this.query(flux, columns, limit.signal).finally(() => clearTimeout(timer));
  }

  /** How long the bucket keeps what is in it, in milliseconds; 0: for ever; undefined: the token may not see it. */
  retentionMs(): Promise<number | undefined> {
    return this.once(() => bucketRetentionMs(this.writing.transport, this.options));
  }

  private async once<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await request().catch(async (error: unknown) => {
        if (!isBucketMissing(error)) throw error;
        await makeBucket(this.writing.transport, this.options);
        return request();
      });
    } catch (error) {
      throw signal?.aborted ? signal.reason : toStoreError(error, this.options);
    }
  }
}
