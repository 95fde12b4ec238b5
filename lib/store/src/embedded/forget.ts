/** What is older than the retention leaves the file, a bounded slice of time a transaction. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { figureTables } from './tables.js';

/** Deleted in one transaction at most: the writer's queue waits no longer than that takes. */
export const HOUR_MS = 3_600_000;
const SLICE_MS = BigInt(HOUR_MS);

/**
 * Deletes the oldest windows that start before `beforeMs`, at most an hour of them, and what only they refer to.
 * @returns whether there was anything to delete
 */
export async function forgetSlice(connection: DuckDBConnection, beforeMs: bigint): Promise<boolean> {
  const oldest = await oldestMs(connection);
  if (oldest === undefined || oldest >= beforeMs) return false;
  const until = oldest + SLICE_MS < beforeMs ? oldest + SLICE_MS : beforeMs;
  for (const table of ['windows', ...Object.keys(figureTables)])
    await connection.run(`DELETE FROM ${table} WHERE start_ms < $1::BIGINT`, [until]);
  return true;
}

async function oldestMs(connection: DuckDBConnection): Promise<bigint | undefined> {
  const found = await connection.runAndReadAll('SELECT min(start_ms) FROM windows');
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
  await connection.run('CREATE OR REPLACE TEMP TABLE used AS SELECT DISTINCT boot, cgroup FROM figures');
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
