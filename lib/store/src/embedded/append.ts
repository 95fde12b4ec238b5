/** Rows into a table by data chunks: the fastest way that DuckDB has from here. */
import { DuckDBDataChunk } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { CHUNK_ROWS } from './vector.js';

export interface Column {
  readonly type: DuckDBType;
  readonly values: DuckDBValue[];
}

/**
 * Appends columns of equal length, in the order of the table's own.
 * @throws Error of DuckDB, or `bigint out of …` for a value that the type cannot hold
 */
export function appendColumns(
  connection: Appending,
  table: string,
  columns: readonly Column[],
): Promise<void> {
  return connection.createAppender(table).then((appender) => {
    try {
      const rows = columns[0]!.values.length;
      for (let from = 0; from < rows; from += CHUNK_ROWS)
        appender.appendDataChunk(chunkOf(columns, from, Math.min(rows - from, CHUNK_ROWS)));
      appender.flushSync();
    } finally {
      appender.closeSync();
    }
  });
}

/**
 * Appends columns by their names: in a file of an older release, columns that were added since stand at the end.
 * A column of the table that is not given is an error of DuckDB.
 */
export async function appendNamed(
  connection: DuckDBConnection,
  table: string,
  columns: Readonly<Record<string, Column>>,
): Promise<void> {
  const order = await columnOrder(connection, table);
  await appendColumns(
    connection,
    table,
    order.flatMap((name) => columns[name] ?? []),
  );
}

export async function columnOrder(connection: DuckDBConnection, table: string): Promise<string[]> {
  const found = await connection.runAndReadAll(`SELECT name FROM pragma_table_info('${table}') ORDER BY cid`);
  return found.getRows().map(([name]) => String(name));
}

type Appending = Pick<DuckDBConnection, 'createAppender'>;

function chunkOf(columns: readonly Column[], from: number, rows: number): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(
    columns.map(({ type }) => type),
    rows,
  );
  columns.forEach(({ values }, index) => chunk.setColumnValues(index, values.slice(from, from + rows)));
  return chunk;
}
