/** The embedded store as Parquet files that any tool reads: figures with the names known now, nodes beside them. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { cgroupMetrics, nodeMetrics } from '@dentryscope/contracts';
import type { Metric } from '@dentryscope/contracts';
import { StoreError } from '../../types.js';
import { columnOrder } from '../append.js';
import { interruptOn } from '../interrupt.js';
import { readableVersion } from '../schema.js';
import { quoted, storeFile, withReadOnly } from './open.js';
import type { Opening } from './open.js';
import { ExportPlace } from './place.js';
import { figuresSql, meaningOf, nodesSql } from './sql.js';
import type { ExportRange, Present } from './sql.js';

export interface ExportOptions extends Opening, ExportRange {
  /** The directory of the files; made if it is not there. What DuckDB spills goes there too, and is removed. */
  readonly to: string;
  /** Whether files of the same name are replaced. */
  readonly overwrite: boolean;
  /** Aborted: it ends, leaves nothing behind, and rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Told every second: the file's name, and how much of it is done (0 to 100; DuckDB's own estimate). */
  readonly onProgress?: (file: string, percent: number) => void;
}

export interface ExportedFile {
  readonly name: string;
  readonly rows: bigint;
  readonly bytes: number;
}

const files = [
  { name: 'nodes.parquet', metrics: nodeMetrics as readonly Metric[], sql: nodesSql },
  { name: 'figures.parquet', metrics: cgroupMetrics as readonly Metric[], sql: figuresSql },
];
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
  const present: Present = {
    figures: new Set(await columnOrder(connection, 'figures')),
    windows: new Set(await columnOrder(connection, 'windows')),
  };
  const rows: bigint[] = [];
  for (const { name, metrics, sql } of files) {
    const meaning = quoted(meaningOf(metrics));
    const copy = `COPY (${sql(options, present)}) TO ${quoted(place.file(name))} (FORMAT parquet, COMPRESSION zstd,
      USE_TMP_FILE false, KV_METADATA {"dentryscope.metrics": ${meaning}})`;
    rows.push(await watched(connection, copy, name, options));
  }
  return rows;
}

/** @returns the number of rows */
async function watched(
  connection: DuckDBConnection,
  copy: string,
  name: string,
  { signal, onProgress }: ExportOptions,
): Promise<bigint> {
  signal.throwIfAborted();
  const stop = interruptOn(signal, connection);
  const timer = setInterval(() => {
    const { percentage } = connection.progress;
    if (percentage >= 0) onProgress?.(name, percentage);
  }, PROGRESS_MS);
  try {
    const [row] = (await connection.runAndReadAll(copy)).getRows();
    return BigInt(row![0] as bigint);
  } finally {
    clearInterval(timer);
    stop();
  }
}

function toExportError(error: unknown, to: string): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(`the export to ${to} failed and left nothing: ${(error as Error).message}`, false, {
    cause: error,
  });
}
