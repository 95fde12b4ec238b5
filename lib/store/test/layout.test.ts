/** Figures over several tables: a counter that is 0, one that is not seen, and files that had one table for all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, expect, test } from 'vitest';
import { cgroupMetrics, createBatch, decodeWindow, encodeBatch } from '@dentryscope/contracts';
import type { NodeBatchInit } from '@dentryscope/contracts';
import { openEmbeddedStore } from '@dentryscope/store';
import type { Reader } from '@dentryscope/store';
import { T0, series, top } from './fixtures.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-layout-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'store-'));

type Columns = Readonly<Record<string, readonly bigint[]>>;

/** One window a node, which starts at T0 and has cgroups 1, 2, 3. */
const nodes: Readonly<Record<string, Columns>> = {
  all: Object.fromEntries(cgroupMetrics.map(({ column }, n) => [column, [0n, BigInt(n), 2n ** 40n]])),
  zeros: Object.fromEntries(cgroupMetrics.map(({ column }) => [column, [0n, 0n, 0n]])),
  some: { dentriesAllocated: [1n, 2n, 3n], reclaimPressureNs: [0n, 7n, 0n], psiIoSomeNs: [0n, 0n, 0n] },
  none: {},
};

const batches = (typed: boolean) =>
  Object.entries(nodes).map(([node, columns]) => {
    const whole = createBatch({
      ...{ cluster: 'c', node, bootId: 'b', seq: 1n, windowStartMs: BigInt(T0), windowEndMs: BigInt(T0 + 1) },
      cgroups: { ids: [1n, 2n, 3n], ...columns },
    } as NodeBatchInit);
    return typed ? decodeWindow(encodeBatch(whole)) : whole;
  });

/** Every metric by every cgroup and in time is what was written: 0 where it was 0, no row where it was not seen. */
async function expectAll(reader: Reader): Promise<void> {
  for (const metric of cgroupMetrics.filter(({ combine }) => combine === 'sum')) {
    const { rows } = await top(reader, 'cgroup', { metric, limit: 100 });
    const found = rows.map(({ owner, value }) => [owner.node, owner.cgroupId, value]);
    const wanted = Object.entries(nodes).flatMap(([node, { [metric.column]: values = [] }]) =>
      values.map((value, n) => [node, String(n + 1), value]),
    );
    expect(found.sort(), metric.name).toEqual(wanted.sort());
    for (const [node, { [metric.column]: values }] of Object.entries(nodes)) {
      const steps = await series(reader, { metric, filter: { node } });
      const sum = values?.reduce((a, b) => a + b);
      expect(
        steps.map(([, value]) => value),
        `${metric.name} of ${node}`,
      ).toEqual(values ? [sum] : []);
    }
  }
}

test.each([['lists', false] as const, ['typed arrays', true] as const])('%s', async (_, typed) => {
  const { writer, reader, close } = await openEmbeddedStore({ directory: fresh() });
  await writer.write(batches(typed));
  await expectAll(reader);
  await close();
});

test('a file of layout 1 is moved to this one', async () => {
  const directory = fresh();
  const before = await openEmbeddedStore({ directory });
  await before.writer.write(batches(true));
  await before.close();
  await toLayout1(directory);
  for (let opened = 0; opened < 2; opened++) {
    const { writer, reader, close } = await openEmbeddedStore({ directory });
    await expectAll(reader);
    await writer.write(batches(true));
    await expectAll(reader);
    await close();
  }
});

/** As releases with layout 1 left it: all figures in one table, NULL where a node did not see a counter. */
async function toLayout1(directory: string): Promise<void> {
  const instance = await DuckDBInstance.create(join(directory, 'store.duckdb'));
  const connection = await instance.connect();
  for (const table of ['figures', 'live', 'reclaim', 'waits']) await connection.run(`DROP TABLE ${table}`);
  await connection.run('ALTER TABLE windows DROP COLUMN seen');
  const columns = cgroupMetrics.map(({ name }) => `"${name}" BIGINT`).join();
  await connection.run(`CREATE TABLE figures (boot INTEGER, start_ms BIGINT, cgroup UBIGINT, ${columns})`);
  for (const [node, seen] of Object.entries(nodes))
    for (const row of [0, 1, 2]) {
      const values = cgroupMetrics.map(({ column }) => String(seen[column]?.[row] ?? 'NULL')).join();
      await connection.run(
        `INSERT INTO figures SELECT boot, ${T0}, ${row + 1}, ${values} FROM boots WHERE node = '${node}'`,
      );
    }
  await connection.run('UPDATE meta SET version = 1');
  connection.closeSync();
  instance.closeSync();
}
