/** One InfluxDB: requests whose errors say what is wrong, and a bucket that is made when it is missing. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { InfluxDB } from '@influxdata/influxdb-client';
import type { Transport } from '@influxdata/influxdb-client';
import { StoreError } from '../types.js';
import { bucketRetentionMs, makeBucket } from './bucket.js';
import { isBucketInTheMaking, isBucketMissing, toStoreError } from './errors.js';
import type { InfluxOptions } from './open.js';
import { post } from './post.js';
import type { PostOptions } from './post.js';
import { queryEach, queryRows } from './query.js';
import type { Query, TakeRow } from './query.js';

const WRITE_TIMEOUT_MS = 30_000;
/** A query's time is its caller's to cap; this only ends a connection that is dead. */
const QUERY_TIMEOUT_MS = 600_000;
/** From a bucket's record to its storage. */
const BUCKET_WAIT_MS = 100;
const BUCKET_TRIES = 20;

export type ServerOptions = Pick<
  InfluxOptions,
  'url' | 'org' | 'bucket' | 'token' | 'retentionMs' | 'tlsCaFile' | 'writeTimeoutMs'
> & {
  /** false: a bucket that is missing stays so. */
  readonly makesBucket?: boolean;
  /** The setting that names the bucket. Default: DENTRYSCOPE_INFLUX_BUCKET. */
  readonly bucketSetting?: string;
};

export class Server {
  private readonly writing: InfluxDB;
  private readonly asking: InfluxDB;
  private readonly posting: PostOptions;
  private readonly writePath: string;

  constructor(private readonly options: ServerOptions) {
    const { url, token, org, bucket, tlsCaFile, writeTimeoutMs: timeout = WRITE_TIMEOUT_MS } = options;
    const transportOptions = tlsCaFile === undefined ? {} : { ca: readFileSync(tlsCaFile) };
    this.writing = new InfluxDB({ url, token, timeout, transportOptions });
    this.asking = new InfluxDB({ url, token, timeout: QUERY_TIMEOUT_MS, transportOptions });
    this.posting = { url, token, timeoutMs: timeout, tls: transportOptions };
    this.writePath = `/api/v2/write?${new URLSearchParams({ org, bucket })}&precision=`;
  }

  get bucket(): string {
    return this.options.bucket;
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
    return this.ask({ flux, columns }, signal, queryRows);
  }

  /** @throws StoreError when it takes longer than `ms`, or the signal's reason */
  queryWithin(
    ms: number,
    flux: string,
    columns: readonly string[],
    signal?: AbortSignal,
  ): Promise<string[][]> {
    return this.within(ms, signal, (either) => this.query(flux, columns, either));
  }

  /** The same row by row; where it fails, some were taken, and a bucket that is being made may give them again. */
  eachWithin(
    ms: number,
    flux: string,
    columns: readonly string[],
    take: TakeRow,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.within(ms, signal, (either) =>
      this.ask({ flux, columns }, either, (...asked) => queryEach(...asked, take)),
    );
  }

  private ask<T>(
    query: Omit<Query, 'org'>,
    signal: AbortSignal,
    run: (transport: Transport, query: Query, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { org } = this.options;
    return this.once(() => {
      signal.throwIfAborted();
      return run(this.asking.transport, { org, ...query }, signal);
    }, signal);
  }

  private async within<T>(
    ms: number,
    signal: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limit = new AbortController();
    const reason = new StoreError(`InfluxDB at ${this.options.url} did not answer within ${ms} ms`, true);
    const timer = setTimeout(() => limit.abort(reason), ms);
    const either = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
    return run(either).finally(() => clearTimeout(timer));
  }

  /** How long the bucket keeps what is in it, in milliseconds; 0: for ever; undefined: the token may not see it. */
  retentionMs(): Promise<number | undefined> {
    return this.once(() => bucketRetentionMs(this.writing.transport, this.options));
  }

  /** Points of a measurement from `fromMs` to `toMs`, both among them. */
  async delete(measurement: string, fromMs: number, toMs: number): Promise<void> {
    const { org, bucket } = this.options;
    const path = `/api/v2/delete?${new URLSearchParams({ org, bucket })}`;
    const [start, stop] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
    const body = JSON.stringify({ start, stop, predicate: `_measurement="${measurement}"` });
    await this.once(() => this.writing.transport.request(path, body, { method: 'POST' }));
  }

  private async once<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await request().catch((error: unknown) => this.withBucket(error, request));
    } catch (error) {
      throw signal?.aborted ? signal.reason : toStoreError(error, this.options);
    }
  }

  /** The request again, where the bucket was missing or is being made by another. */
  private async withBucket<T>(error: unknown, request: () => Promise<T>): Promise<T> {
    if (isBucketMissing(error) && this.options.makesBucket !== false)
      await makeBucket(this.writing.transport, this.options);
    else if (!isBucketInTheMaking(error)) throw error;
    for (let tries = 1; ; tries += 1) {
      try {
        return await request();
      } catch (again) {
        if (!isBucketInTheMaking(again) || tries === BUCKET_TRIES) throw again;
        await sleep(BUCKET_WAIT_MS);
      }
    }
  }
}
