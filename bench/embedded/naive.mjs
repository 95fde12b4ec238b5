/** What a straightforward writer does, with the same table and the same check for what is there already. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { cgroupMetrics } from '@dentryscope/contracts';

const names = cgroupMetrics.map(({ name }) => name);

/** DuckDB's appender, value by value; one transaction a call. */
export async function naiveStore(directory) {
  mkdirSync(directory, { recursive: true });
  const instance = await DuckDBInstance.create(join(directory, 'store.duckdb'), { threads: '2' });
  const connection = await instance.connect();
  const columns = names.map((name) => `"${name}" BIGINT`).join(', ');
  await connection.run('CREATE TABLE windows (node VARCHAR, boot_id VARCHAR, seq UBIGINT)');
  await connection.run(
    `CREATE TABLE figures (node VARCHAR, boot_id VARCHAR, start_ms BIGINT, cgroup UBIGINT, ${columns})`,
  );
  const writer = {
    write: async (batches) => {
      await connection.run('BEGIN');
      const fresh = await freshOnes(connection, batches);
      await byAppender(connection, fresh);
      await connection.run('COMMIT');
    },
  };
  return { writer, close: async () => (connection.closeSync(), instance.closeSync()) };
}

async function freshOnes(connection, batches) {
  const held = await connection.runAndReadAll('SELECT node, boot_id, seq FROM windows');
  const known = new Set(held.getRows().map((key) => key.join('/')));
  return batches.filter(({ node, bootId, seq }) => !known.has([node, bootId, seq].join('/')));
}

async function byAppender(connection, batches) {
  const windows = await connection.createAppender('windows');
  const figures = await connection.createAppender('figures');
  for (const { node, bootId, seq, windowStartMs, cgroups } of batches) {
    windows.appendVarchar(node);
    windows.appendVarchar(bootId);
    windows.appendUBigInt(seq);
    windows.endRow();
    for (let at = 0; at < cgroups.ids.length; at++) {
      figures.appendVarchar(node);
      figures.appendVarchar(bootId);
      figures.appendBigInt(windowStartMs);
      figures.appendUBigInt(cgroups.ids[at]);
      for (const { column } of cgroupMetrics) {
        const value = cgroups[column][at];
        if (value === undefined) figures.appendNull();
        else figures.appendBigInt(value);
      }
      figures.endRow();
    }
  }
  windows.closeSync();
  figures.closeSync();
}
