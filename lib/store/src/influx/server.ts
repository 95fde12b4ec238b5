/** One InfluxDB: requests whose errors say what is wrong, and a bucket that is made when it is missing. */
import { InfluxDB } from '@influxdata/influxdb-client';
import type { Cancellable, FluxTableMetaData } from '@influxdata/influxdb-client';
import { StoreError } from '../types.js';
import { makeBucket } from './bucket.js';
import { isBucketMissing, toStoreError } from './errors.js';
import type { InfluxOptions } from './open.js';

/** A query's time is its caller's to cap; this only ends a connection that is dead. */
const QUERY_TIMEOUT_MS = 600_000;

export class Server {
  private readonly writing: InfluxDB;
  private readonly asking: InfluxDB;
  private readonly writePath: string;

  constructor(private readonly options: InfluxOptions) {
    const { url, token, org, bucket, writeTimeoutMs: timeout = 30_000 } = options;
    this.writing = new InfluxDB({ url, token, timeout });
    this.asking = new InfluxDB({ url, token, timeout: QUERY_TIMEOUT_MS });
    this.writePath = `/api/v2/write?${new URLSearchParams({ org, bucket })}&precision=`;
  }

  /**
   * Resolves when InfluxDB has acknowledged the lines. The client's WriteApi is not used: it drops lines when its
   * buffer is full, and swallows the failure of a flush by timer.
   */
  async write(lines: readonly string[], precision: 'ms' | 'ns' = 'ms'): Promise<void> {
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    const body = lines.join('\n');
    await this.once(() =>
      this.writing.transport.request(this.writePath + precision, body, { method: 'POST', headers }),
    );
  }

  /** The rows, each with the values of `columns` in that order, '' where a table lacks one. */
  query(flux: string, columns: readonly string[], signal: AbortSignal): Promise<string[][]> {
    return this.once(() => this.rows(flux, columns, signal), signal);
  }

  /** @throws StoreError when it takes longer than `ms` */
  async queryWithin(ms: number, flux: string, columns: readonly string[]): Promise<string[][]> {
    const limit = new AbortController();
    const reason = new StoreError(`InfluxDB at ${this.options.url} did not answer within ${ms} ms`, true);
    const timer = setTimeout(() => limit.abort(reason), ms);
    return this.query(flux, columns, limit.signal).finally(() => clearTimeout(timer));
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

  private rows(flux: string, columns: readonly string[], signal: AbortSignal): Promise<string[][]> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const rows: string[][] = [];
      let cancellable: Cancellable | undefined;
      const abort = () => {
        // In this order: a cancelled query is complete, the client says.
        end(() => reject(signal.reason as Error));
        cancellable?.cancel();
      };
      const end = (settle: () => void) => {
        signal.removeEventListener('abort', abort);
        settle();
      };
      signal.addEventListener('abort', abort, { once: true });
      const pick = picker(columns);
      this.asking.getQueryApi(this.options.org).queryRows(flux, {
        next: (values, table) => void rows.push(pick(values, table)),
        error: (error) => end(() => reject(error)),
        complete: () => end(() => resolve(rows)),
        useCancellable: (given) => (cancellable = given),
      });
    });
  }
}

/** The client uses one array for all rows: values are copied out at once. */
function picker(columns: readonly string[]) {
  let table: FluxTableMetaData | undefined;
  let indexes: number[] = [];
  return (values: string[], current: FluxTableMetaData): string[] => {
    if (current !== table) {
      table = current;
      const labels = current.columns.map(({ label }) => label);
      indexes = columns.map((label) => labels.indexOf(label));
      refuseError(values, labels);
    }
    return indexes.map((index) => values[index] ?? '');
  };
}

/** A query that fails midway has answered 200 already: the failure is a table of its own, which the client hands on. */
function refuseError(values: readonly string[], labels: readonly string[]): void {
  const error = labels.indexOf('error');
  if (error >= 0 && labels.includes('reference'))
    throw new StoreError(`InfluxDB gave up in the middle of its answer: ${values[error]}`, true);
}
