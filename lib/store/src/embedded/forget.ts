/** What is older than the retention is rolled up or leaves the file, a bounded slice of time a transaction. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { HOUR_MS } from '../hour.js';
import { rollUp } from './hours.js';
import { figureTables } from './tables.js';

const SLICE_MS = BigInt(HOUR_MS);
const rawTables = Object.keys(figureTables);

/** Unix milliseconds of whole hours. */
export interface Cuts {
  /** Figures of windows that start before are rolled up. */
  readonly rawMs: bigint;
  /** Windows that start before leave the file with all that they said. Not after `rawMs`; equal: nothing is rolled up. */
  readonly dropMs: bigint;
}

/**
 * Drops the oldest hour that is to go, or else rolls up the oldest that is to be: never more in one transaction, since the
 * writer's queue waits for it. A window's own row stays when its figures are rolled up: it is known when it comes again.
 * @returns whether there was anything to do
 */
export async function ageSlice(connection: DuckDBConnection, { rawMs, dropMs }: Cuts): Promise<boolean> {
  const gone = await oldestHour(connection, 'windows', dropMs);
  if (gone !== undefined) {
    await deleteBefore(connection, ['windows', 'hours', ...rawTables], gone + SLICE_MS);
    return true;
  }
  const raw = await oldestHour(connection, 'figures', rawMs);
  if (raw === undefined) return false;
  await rollUp(connection, raw);
  await deleteBefore(connection, rawTables, raw + SLICE_MS);
  return true;
}

async function deleteBefore(
  connection: DuckDBConnection,
  tables: readonly string[],
  untilMs: bigint,
): Promise<void> {
  for (const table of tables)
    await connection.run(`DELETE FROM ${table} WHERE start_ms < $1::BIGINT`, [untilMs]);
}

/** Where the hour of the oldest row before `beforeMs` starts. The bound lets DuckDB pass over all that is newer. */
async function oldestHour(
  connection: DuckDBConnection,
  table: string,
  beforeMs: bigint,
): Promise<bigint | undefined> {
  const found = await connection.runAndReadAll(
    `SELECT min(start_ms) // ${HOUR_MS} * ${HOUR_MS} FROM ${table} WHERE start_ms < $1::BIGINT`,
    [beforeMs],
  );
  return (found.getRows()[0]?.[0] as bigint | null) ?? undefined;
}

/**
 * Boots without a window, with their cgroups; cgroups that no figure refers to and that were told before `beforeMs`
 * (one that lives is told again within minutes); and the names of cgroups that went the last time and were not told
 * again since. A name that no cgroup has had yet stays: it came first.
 */
export async function forgetUnused(connection: DuckDBConnection, beforeMs: bigint): Promise<void> {
  await forgetNames(connection);
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE gone AS SELECT boot FROM boots ANTI JOIN windows USING (boot)',
  );
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE used AS SELECT boot, cgroup FROM figures UNION SELECT boot, cgroup FROM hours',
  );
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE unused AS SELECT i.* FROM cgroups i
      LEFT JOIN used u ON u.boot = i.boot AND u.cgroup = i.cgroup
      WHERE u.boot IS NULL AND (i.boot IN (FROM gone) OR i.at_ms < $1::BIGINT)`,
    [beforeMs],
  );
  await connection.run(`INSERT INTO leaving ${keysOf('unused')}`);
  await connection.run('DELETE FROM cgroups i USING unused u WHERE u.boot = i.boot AND u.cgroup = i.cgroup');
  await connection.run('DELETE FROM boots WHERE boot IN (FROM gone)');
}

async function forgetNames(connection: DuckDBConnection): Promise<void> {
  await connection.run(`DELETE FROM names WHERE key IN (FROM leaving EXCEPT ${keysOf('cgroups')})`);
  await connection.run('DELETE FROM leaving');
}

/** As names are kept under. */
const keysOf = (table: string) =>
  `(SELECT 'container ' || container_id FROM ${table} UNION SELECT 'pod ' || pod_uid FROM ${table})`;
