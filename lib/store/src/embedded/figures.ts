/** The figures of cgroups into their table: nearly all of what is written, and so by chunks that are filled column by column. */
import { BIGINT, DuckDBDataChunk, INTEGER, UBIGINT } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { cgroupMetrics } from '@dentryscope/contracts';
import type { WindowBatch } from '@dentryscope/contracts';
import { sees } from '../record.js';
import { columnOrder } from './append.js';
import { notZero } from './sparse.js';
import { figureTables, sparseTables } from './tables.js';
import type { FigureTable } from './tables.js';
import { CHUNK_ROWS, Vector64, setRuns32 } from './vector.js';
import type { Window } from './windows.js';

/** Some rows of one window. */
interface Span {
  readonly window: Window;
  readonly from: number;
  readonly rows: number;
}

interface Column {
  readonly type: DuckDBType;
  fill(chunk: DuckDBDataChunk, at: number, spans: readonly Span[]): void;
}

/** A window without cgroups has no rows. @throws Error of DuckDB, RangeError for a figure from 2^63 on */
export async function appendFigures(connection: DuckDBConnection, windows: readonly Window[]): Promise<void> {
  await append(connection, 'figures', windows);
  const gauged = windows.filter(({ batch }) => figureTables.live.some((metric) => sees(batch, metric)));
  if (gauged.length > 0) await append(connection, 'live', gauged);
  for (const table of sparseTables) {
    const left = notZero(windows, figureTables[table]);
    if (left.length > 0) await append(connection, table, left);
  }
}

async function append(
  connection: DuckDBConnection,
  table: FigureTable,
  windows: readonly Window[],
): Promise<void> {
  const columns = (await columnOrder(connection, table)).map((name) => columnOf(name, table));
  const appender = await connection.createAppender(table);
  try {
    for (const spans of chunks(windows)) appender.appendDataChunk(chunkOf(columns, spans));
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

function chunkOf(columns: readonly Column[], spans: readonly Span[]): DuckDBDataChunk {
  const rows = spans.reduce((sum, span) => sum + span.rows, 0);
  const chunk = DuckDBDataChunk.create(
    columns.map(({ type }) => type),
    rows,
  );
  columns.forEach(({ fill }, at) => fill(chunk, at, spans));
  return chunk;
}

/** The rows of the windows in order, cut where a chunk is full. */
function* chunks(windows: readonly Window[]): Generator<Span[]> {
  let spans: Span[] = [];
  let room = CHUNK_ROWS;
  for (const window of windows) {
    const count = window.batch.cgroups?.ids.length ?? 0;
    for (let from = 0; from < count;) {
      const rows = Math.min(room, count - from);
      spans.push({ window, from, rows });
      from += rows;
      room -= rows;
      if (room > 0) continue;
      yield spans;
      [spans, room] = [[], CHUNK_ROWS];
    }
  }
  if (spans.length > 0) yield spans;
}

const vector = new Vector64();

const numbers = (
  signed: boolean,
  of: (columns: NonNullable<WindowBatch['cgroups']>) => BigUint64Array | readonly bigint[],
): Column => ({
  type: signed ? BIGINT : UBIGINT,
  fill: (chunk, at, spans) => {
    const pieces = spans.map(({ window, from, rows }) => {
      const values = of(window.batch.cgroups!);
      // A counter that the backend could not see has no array: it is NULL, which is not 0.
      return { values: values.length > 0 ? values : undefined, from, rows };
    });
    vector.set(chunk.chunk, at, pieces, signed);
  },
});

const boot: Column = {
  type: INTEGER,
  fill: (chunk, at, spans) =>
    setRuns32(
      chunk.chunk,
      at,
      spans.map(({ window, rows }) => ({ value: window.boot, rows })),
    ),
};

const startMs: Column = {
  type: BIGINT,
  fill: (chunk, at, spans) => {
    const pieces = spans.map(({ window, rows }) => ({ values: window.batch.windowStartMs, from: 0, rows }));
    vector.set(chunk.chunk, at, pieces, true);
  },
};

const known = new Map<string, Column>([
  ['boot', boot],
  ['start_ms', startMs],
  ['cgroup', numbers(false, ({ ids }) => ids)],
  ...cgroupMetrics.map(({ name, column }): [string, Column] => [name, numbers(true, (all) => all[column])]),
]);

/** @throws Error for a column that this release does not know */
function columnOf(name: string, table: string): Column {
  const column = known.get(name);
  if (column) return column;
  throw new Error(`the table ${table} has a column ${name}, which this release does not write`);
}
