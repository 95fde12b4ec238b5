/** Files of DuckDB, and Parquet, as another DuckDB sees them. */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

export type Row = Record<string, unknown>;

export async function ask(sql: string, file = ':memory:'): Promise<Row[]> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** @returns the first column; the store in the directory must be closed */
export async function column(directory: string, sql: string): Promise<unknown[]> {
  const rows = await ask(sql, join(directory, 'store.duckdb'));
  return rows.map((row) => Object.values(row)[0]);
}
