/**
 * The tables. `boot` stands for (cluster, node, boot id), so that the figures are numbers only. No table has a
 * primary key: DuckDB's index costs more than the one writer's own check of each window (see windows.ts).
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { cgroupMetrics, nodeMetrics } from '@dentryscope/contracts';
import { StoreError } from '../types.js';
import { hoursColumns } from './hours.js';
import { moveOn, setAside } from './migrate.js';
import { tableOf } from './tables.js';
import { transaction } from './transaction.js';

/** What older ones were: see migrate.ts. */
const VERSION = 3;

export const cgroupsTable = `boot INTEGER, cgroup UBIGINT, path VARCHAR, hierarchy VARCHAR, pod_uid VARCHAR,
  container_id VARCHAR, removed BOOLEAN, at_ms BIGINT`;
export const namesTable = 'key VARCHAR, namespace VARCHAR, pod VARCHAR, container VARCHAR, workload VARCHAR';

const figuresTable = 'boot INTEGER, start_ms BIGINT, cgroup UBIGINT';

const tables = {
  /** rolled_ms: see hours.ts. */
  meta: 'version INTEGER, rolled_ms BIGINT',
  /** seen_ms: start of the newest window by time; newest_…: of the newest by sequence number. */
  boots: `boot INTEGER, cluster VARCHAR, node VARCHAR, boot_id VARCHAR, seen_ms BIGINT, newest_seq UBIGINT,
    newest_ms BIGINT, newest_record BLOB`,
  /** seen: see tables.ts. */
  windows: 'boot INTEGER, start_ms BIGINT, end_ms BIGINT, seq UBIGINT, seen VARCHAR',
  figures: figuresTable,
  live: figuresTable,
  reclaim: figuresTable,
  waits: figuresTable,
  hours: figuresTable,
  cgroups: cgroupsTable,
  names: namesTable,
  /** Keys of names whose cgroup has been dropped (forget.ts). */
  leaving: 'key VARCHAR',
};

/**
 * Who a cgroup is, by the names known now. A container without a name goes by its id. No view, since to make one is to
 * write, and a file on a full disk must still open for questions.
 */
export const identities = `(
  SELECT i.boot, i.cgroup, i.path,
    nullif(coalesce(c.namespace, p.namespace), '') AS namespace,
    nullif(coalesce(c.pod, p.pod), '') AS pod,
    nullif(coalesce(nullif(c.container, ''), i.container_id), '') AS container,
    nullif(coalesce(c.workload, p.workload), '') AS workload
  FROM cgroups i
  LEFT JOIN names c ON c.key = 'container ' || i.container_id
  LEFT JOIN names p ON p.key = 'pod ' || i.pod_uid)`;

/** Makes what is missing: tables in a new file or one of an older layout, and columns for metrics that an older release did not have. */
export async function createSchema(connection: DuckDBConnection): Promise<void> {
  await transaction(connection, () => addMissing(connection));
}

async function addMissing(connection: DuckDBConnection): Promise<void> {
  const isOld = await setAside(connection);
  for (const [name, columns] of Object.entries(tables))
    await connection.run(`CREATE TABLE IF NOT EXISTS ${name} (${columns})`);
  await addColumn(connection, 'meta', 'rolled_ms');
  if (!isOld) await checkVersion(connection);
  for (const { name } of nodeMetrics) await addColumn(connection, 'windows', name);
  for (const metric of cgroupMetrics) await addColumn(connection, tableOf(metric), metric.name);
  for (const [name, type] of hoursColumns) await addColumn(connection, 'hours', name, type);
  if (isOld) await moveOn(connection);
  // Layout 2 had no hours: an older release would take windows again that are summed up in them.
  await connection.run(`UPDATE meta SET version = ${VERSION} WHERE version < ${VERSION}`);
}

async function checkVersion(connection: DuckDBConnection): Promise<void> {
  await connection.run(`INSERT INTO meta (version) SELECT ${VERSION} WHERE NOT EXISTS (FROM meta)`);
  refuseNewer(await versionOf(connection));
}

/** @throws StoreError for a file of another release: of a newer one the layout is not known here, an older one is moved on by who writes */
export async function readableVersion(connection: DuckDBConnection): Promise<void> {
  const version = await versionOf(connection);
  if (version < VERSION)
    throw new StoreError(
      `it was written by an older release (layout ${version}, this one reads ${VERSION}): start the ingester or standalone once, which moves it on`,
      false,
    );
  refuseNewer(version);
}

/** @throws StoreError */
function refuseNewer(version: number): void {
  if (version > VERSION)
    throw new StoreError(
      `it was written by a newer release (layout ${version}, this one knows ${VERSION})`,
      false,
    );
}

async function versionOf(connection: DuckDBConnection): Promise<number> {
  const [row] = (await connection.runAndReadAll('SELECT max(version) FROM meta')).getRows();
  return Number(row![0]);
}

function addColumn(connection: DuckDBConnection, table: string, column: string, type = 'BIGINT') {
  return connection.run(`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS "${column}" ${type}`);
}
