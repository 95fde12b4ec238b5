/** Layout 1 had all figures of a cgroup in one row of `figures`. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { columnOrder } from './append.js';
import { figureTables, seenList, sparseTables } from './tables.js';
import type { FigureTable } from './tables.js';

const OLD = 'figures_1';

/** Before the tables of this layout are made. @returns whether the file has to be moved on */
export async function setAside(connection: DuckDBConnection): Promise<boolean> {
  if (!(await hasTable(connection, 'meta'))) return false;
  const old = await connection.runAndReadAll('SELECT max(version) FROM meta');
  if (Number(old.getRows()[0]![0]) !== 1) return false;
  await connection.run(`ALTER TABLE figures RENAME TO ${OLD}`);
  await connection.run('ALTER TABLE windows ADD COLUMN seen VARCHAR');
  return true;
}

/** After they are made, in the same transaction. */
export async function moveOn(connection: DuckDBConnection): Promise<void> {
  const held = new Set(await columnOrder(connection, OLD));
  for (const table of Object.keys(figureTables) as FigureTable[])
    await connection.run(copySql(table, namesIn(table, held)));
  const seen = sparseTables
    .flatMap((table) => namesIn(table, held))
    .map((name) => `CASE WHEN count("${name}") > 0 THEN '${name}' END`);
  await connection.run(`UPDATE windows SET seen = old.seen FROM (
      SELECT boot, start_ms, ${seenList(`concat_ws(',', ${['NULL', ...seen].join()})`)} AS seen FROM ${OLD} GROUP BY ALL
    ) old WHERE windows.boot = old.boot AND windows.start_ms = old.start_ms`);
  await connection.run(`DROP TABLE ${OLD}`);
  await connection.run('UPDATE meta SET version = 2');
}

const namesIn = (table: FigureTable, held: ReadonlySet<string>) =>
  figureTables[table].map(({ name }) => name).filter((name) => held.has(name));

function copySql(table: FigureTable, names: readonly string[]): string {
  const columns = ['boot', 'start_ms', 'cgroup', ...names.map((name) => `"${name}"`)];
  const has = (what: string) => ['false', ...names.map((name) => `"${name}" ${what}`)].join(' OR ');
  const where = { figures: 'true', live: has('IS NOT NULL'), reclaim: has('<> 0'), waits: has('<> 0') };
  return `INSERT INTO ${table} BY NAME SELECT ${columns.join()} FROM ${OLD} WHERE ${where[table]}`;
}

async function hasTable(connection: DuckDBConnection, name: string): Promise<boolean> {
  const found = await connection.runAndReadAll('SELECT 1 FROM duckdb_tables() WHERE table_name = $1', [name]);
  return found.getRows().length > 0;
}
