import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { checkSeries, checkTop } from '../request.js';
import type {
  Cap,
  Gap,
  GapsRequest,
  NodeRecord,
  NodesRequest,
  Reader,
  SeriesRequest,
  SeriesResult,
  TopRequest,
  TopResult,
} from '../types.js';
import type { Database } from './database.js';
import { closedError, toStoreError } from './errors.js';
import { gapsResult, gapsSql } from './gaps.js';
import { rolledUntilMs } from './hours.js';
import { interruptOn } from './interrupt.js';
import { nodesResult, nodesSql } from './nodes.js';
import { seriesResult, seriesSql } from './series.js';
import { topResult, topSql } from './top.js';
import { transaction } from './transaction.js';
import { widened } from './widen.js';
import type { Asked } from './widen.js';

type Row = Record<string, unknown>;
type Question = { sql: string; values: DuckDBValue[] };

export class EmbeddedReader implements Reader {
  private readonly running = new Set<Promise<unknown>>();
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly file: string,
    private readonly onClose: () => void,
  ) {}

  async top(request: TopRequest, cap: Cap): Promise<TopResult> {
    checkTop(request);
    return this.widened(request, cap.signal, topSql, topResult);
  }

  async series(request: SeriesRequest, cap: Cap): Promise<SeriesResult> {
    checkSeries(request);
    return this.widened(request, cap.signal, seriesSql, seriesResult);
  }

  async nodes(request: NodesRequest, cap: Cap): Promise<readonly NodeRecord[]> {
    return nodesResult(await this.rows(nodesSql(request), cap.signal));
  }

  async gaps(request: GapsRequest, cap: Cap): Promise<readonly Gap[]> {
    return gapsResult(await this.rows(gapsSql(request), cap.signal));
  }

  async ping(): Promise<void> {
    await this.rows({ sql: 'SELECT max(version) FROM meta', values: [] }, new AbortController().signal);
  }

  /** Waits for the queries under way. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.allSettled(this.running);
    this.onClose();
  }

  private rows(question: Question, signal: AbortSignal): Promise<Row[]> {
    return this.ask((connection) => rowsOf(connection, question), signal);
  }

  /** In one snapshot of the file: between the two statements an hour could be rolled up. */
  private widened<R extends TopRequest | SeriesRequest, T>(
    request: R,
    signal: AbortSignal,
    sqlOf: (asked: Asked<R>) => Question,
    resultOf: (rows: readonly Row[], asked: Asked<R>) => T,
  ): Promise<T> {
    return this.ask(
      (connection) =>
        transaction(connection, async () => {
          const asked = widened(request, await rolledUntilMs(connection));
          return resultOf(await rowsOf(connection, sqlOf(asked)), asked);
        }),
      signal,
    );
  }

  private async ask<T>(task: (connection: DuckDBConnection) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.closed) throw closedError();
    signal.throwIfAborted();
    const query = this.query(task, signal);
    this.running.add(query);
    try {
      return await query;
    } catch (error) {
      throw signal.aborted ? signal.reason : toStoreError(error, this.file);
    } finally {
      this.running.delete(query);
    }
  }

  private query<T>(task: (connection: DuckDBConnection) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.database.use(async (connection) => {
      const stop = interruptOn(signal, connection);
      try {
        const result = await task(connection);
        signal.throwIfAborted();
        return result;
      } finally {
        stop();
      }
    });
  }
}

async function rowsOf(connection: DuckDBConnection, { sql, values }: Question): Promise<Row[]> {
  return (await connection.runAndReadAll(sql, values)).getRowObjects();
}
