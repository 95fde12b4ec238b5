import type { DuckDBValue } from '@duckdb/node-api';
import { checkSeries, checkTop } from '../request.js';
import type {
  Cap,
  Gap,
  GapsRequest,
  NodeRecord,
  NodesRequest,
  Reader,
  SeriesRequest,
  SeriesStep,
  TopRequest,
  TopResult,
} from '../types.js';
import type { Database } from './database.js';
import { closedError, toStoreError } from './errors.js';
import { gapsResult, gapsSql } from './gaps.js';
import { interruptOn } from './interrupt.js';
import { nodesResult, nodesSql } from './nodes.js';
import { seriesResult, seriesSql } from './series.js';
import { topResult, topSql } from './top.js';

type Row = Record<string, unknown>;

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
    return topResult(await this.rows(topSql(request), cap.signal), request);
  }

  async series(request: SeriesRequest, cap: Cap): Promise<readonly SeriesStep[]> {
    checkSeries(request);
    return seriesResult(await this.rows(seriesSql(request), cap.signal), request);
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

  private async rows(statement: { sql: string; values: DuckDBValue[] }, signal: AbortSignal): Promise<Row[]> {
    if (this.closed) throw closedError();
    signal.throwIfAborted();
    const query = this.query(statement, signal);
    this.running.add(query);
    try {
      return await query;
    } catch (error) {
      throw signal.aborted ? signal.reason : toStoreError(error, this.file);
    } finally {
      this.running.delete(query);
    }
  }

  private query(
    { sql, values }: { sql: string; values: DuckDBValue[] },
    signal: AbortSignal,
  ): Promise<Row[]> {
    return this.database.use(async (connection) => {
      const stop = interruptOn(signal, connection);
      try {
        const result = await connection.runAndReadAll(sql, values);
        signal.throwIfAborted();
        return result.getRowObjects();
      } finally {
        stop();
      }
    });
  }
}
