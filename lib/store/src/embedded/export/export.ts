/** The embedded store as Parquet files that any tool reads: figures with the names known now, nodes beside them. */
import { statSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { cgroupMetrics, nodeMetrics } from '@dentryscope/contracts';
import type { Metric } from '@dentryscope/contracts';
import { StoreError } from '../../types.js';
import { columnOrder } from '../append.js';
import { interruptOn } from '../interrupt.js';
import { readableVersion } from '../schema.js';
import { figureTables } from '../tables.js';
import type { FigureTable } from '../tables.js';
import { quoted, storeFile, withReadOnly } from './open.js';
import type { Opening } from './open.js';
import { ExportPlace } from './place.js';
import { countSql, figuresSql, meaningOf, nodesSql } from './sql.js';
import type { ExportRange, Present } from './sql.js';

export interface ExportOptions extends Opening, ExportRange {
  /** The directory of the files; made if it is not there. What DuckDB spills goes there too, and is removed. */
  readonly to: string;
  /** Whether files of the same name are replaced. */
  readonly overwrite: boolean;
  /** Aborted: it ends, leaves nothing behind, and rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Told every second: the rows that the file will have, and the bytes that it has by now. */
  readonly onProgress?: (file: ExportedFile) => void;
}

export interface ExportedFile {
  readonly name: string;
  readonly rows: bigint;
  readonly bytes: number;
}

const files = [
  { name: 'nodes.parquet', table: 'windows', metrics: nodeMetrics as readonly Metric[], sql: nodesSql },
  { name: 'figures.parquet', table: 'figures', metrics: cgroupMetrics as readonly Metric[], sql: figuresSql },
] as const;
const PROGRESS_MS = 1000;

/**
 * Writes nodes.parquet and figures.parquet (docs/decisions/0013). They get their names when both are whole and on disk.
 * @throws StoreError: no store, in use, files that are there, no room
 */
export async function exportParquet(options: ExportOptions): Promise<ExportedFile[]> {
  const { to, overwrite, signal } = options;
  storeFile(options.directory);
  const names = files.map(({ name }) => name);
  const place = await ExportPlace.make(to, names, overwrite);
  try {
    const rows = await withReadOnly(options, place.partial, (connection) =>
      copyAll(connection, place, options),
    );
    signal.throwIfAborted();
    const sizes = await place.publish();
    return names.map((name, n) => ({ name, rows: rows[n]!, bytes: sizes[n]! }));
  } catch (error) {
    throw signal.aborted ? signal.reason : toExportError(error, to);
  } finally {
    await place.remove();
  }
}

async function copyAll(connection: DuckDBConnection, place: ExportPlace, options: ExportOptions) {
  await readableVersion(connection);
  const present = await presentIn(connection);
  const rows: bigint[] = [];
  for (const { name, table, metrics, sql } of files) {
    const expected = await oneNumber(connection, countSql(table, options));
    const file = place.file(name);
    const meaning = quoted(meaningOf(metrics));
    const copy = `COPY (${sql(options, present)}) TO ${quoted(file)} (FORMAT parquet, COMPRESSION zstd,
      USE_TMP_FILE false, KV_METADATA {"dentryscope.metrics": ${meaning}})`;
    await watched(connection, copy, { name, file, rows: expected }, options);
    rows.push(expected);
  }
  return rows;
}

async function presentIn(connection: DuckDBConnection): Promise<Present> {
  const tables = ['windows', ...(Object.keys(figureTables) as FigureTable[])] as const;
  const held = [];
  for (const table of tables) held.push([table, new Set(await columnOrder(connection, table))]);
  return Object.fromEntries(held) as Present;
}

/** DuckDB's own progress is of no use here: it stands at 2 % when such a join ends. What is written by now is told. */
async function watched(
  connection: DuckDBConnection,
  copy: string,
  told: { readonly name: string; readonly file: string; readonly rows: bigint },
  { signal, onProgress }: ExportOptions,
): Promise<void> {
  signal.throwIfAborted();
  const stop = interruptOn(signal, connection);
  const timer = setInterval(() => {
    const bytes = statSync(told.file, { throwIfNoEntry: false })?.size ?? 0;
    onProgress?.({ name: told.name, rows: told.rows, bytes });
  }, PROGRESS_MS);
  try {
    const rows = await oneNumber(connection, copy);
    if (rows !== told.rows)
      throw new StoreError(`${told.name} would have ${rows} rows, and the store has ${told.rows}`, false);
  } finally {
    clearInterval(timer);
    stop();
  }
}

async function oneNumber(connection: DuckDBConnection, sql: string): Promise<bigint> {
  const [row] = (await connection.runAndReadAll(sql)).getRows();
  return BigInt(row![0] as bigint);
}

function toExportError(error: unknown, to: string): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(`the export to ${to} failed and left nothing: ${(error as Error).message}`, false, {
    cause: error,
  });
}
