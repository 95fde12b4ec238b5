/** Cgroup infos and names: kept beside the figures, one row each, rewritten only when something changed. */
import { BIGINT, BOOLEAN, INTEGER, UBIGINT, VARCHAR } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { WindowBatch } from '@dentryscope/contracts';
import { latestInfos } from '../infos.js';
import { namedKeys } from '../names.js';
import type { ContainerName } from '../types.js';
import { appendColumns } from './append.js';
import type { Boots } from './boots.js';
import { cgroupsTable, namesTable } from './schema.js';

/** Held to the same rule as infos.ts: what was told of a cgroup while it lived outranks what is told when it is gone. */
export async function keepCgroups(
  connection: DuckDBConnection,
  boots: Boots,
  batches: readonly WindowBatch[],
): Promise<void> {
  const told = latestInfos(batches);
  if (told.length === 0) return;
  await connection.run(`CREATE OR REPLACE TEMP TABLE told (${cgroupsTable})`);
  await appendColumns(connection, 'told', [
    { type: INTEGER, values: told.map(({ place }) => boots.number(place)) },
    { type: UBIGINT, values: told.map(({ info }) => info.id) },
    ...(['path', 'hierarchy', 'podUid', 'containerId'] as const).map((field) => ({
      type: VARCHAR,
      values: told.map(({ info }) => info[field]),
    })),
    { type: BOOLEAN, values: told.map(({ info }) => info.removed) },
    { type: BIGINT, values: told.map(({ atMs }) => atMs) },
  ]);
  await replace(connection, 'cgroups', 'told', ['boot', 'cgroup'], CHANGED_CGROUP);
}

/** An agent repeats itself every few minutes: a row that says the same is left alone. */
const CHANGED_CGROUP = `(old.removed AND NOT new.removed) OR (old.removed = new.removed AND new.at_ms >= old.at_ms AND
  (old.path, old.hierarchy, old.pod_uid, old.container_id) IS DISTINCT FROM
  (new.path, new.hierarchy, new.pod_uid, new.container_id))`;

export async function keepNames(
  connection: DuckDBConnection,
  names: readonly ContainerName[],
): Promise<void> {
  const keys = namedKeys(names);
  if (keys.length === 0) return;
  await connection.run(`CREATE OR REPLACE TEMP TABLE named (${namesTable})`);
  await appendColumns(connection, 'named', [
    { type: VARCHAR, values: keys.map(({ kind, id }) => `${kind} ${id}`) },
    ...(['namespace', 'pod', 'container', 'workload'] as const).map((field) => ({
      type: VARCHAR,
      values: keys.map(({ name }) => name[field]),
    })),
  ]);
  await replace(connection, 'names', 'named', ['key'], 'old IS DISTINCT FROM new');
}

async function replace(
  connection: DuckDBConnection,
  table: string,
  staged: string,
  key: readonly string[],
  changed: string,
): Promise<void> {
  const same = key.map((column) => `old.${column} = new.${column}`).join(' AND ');
  await connection.run(`CREATE OR REPLACE TEMP TABLE changed AS SELECT new.* FROM ${staged} new
    LEFT JOIN ${table} old ON ${same} WHERE old.${key[0]} IS NULL OR ${changed}`);
  await connection.run(`DELETE FROM ${table} old USING changed new WHERE ${same}`);
  await connection.run(`INSERT INTO ${table} FROM changed`);
}
