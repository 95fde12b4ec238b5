/** A simulated fleet through the embedded pair and out again as Parquet: what was planted is in the files, and nothing else. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupMetrics, createBatch, nodeMetrics } from '@dentryscope/contracts';
import type { Metric, Node } from '@dentryscope/contracts';
import { createFleet } from '@dentryscope/simulator';
import type { ContainerName, FleetOptions } from '@dentryscope/simulator';
import { openEmbeddedStore } from '@dentryscope/store';
import { Cli, endAll, eventually, getJson } from './lib/cli.js';
import { scratch } from './lib/scratch.js';
import { quickly, startStandalone } from './lib/services.js';

const WINDOW_MS = 10_000;
const WINDOWS = 100;
const CLUSTER = 'planted';
const dir = scratch();
let duckdb: DuckDBInstance;
let connection: DuckDBConnection;
afterAll(async () => {
  await endAll();
  connection.closeSync();
  duckdb.closeSync();
  dir.remove();
});

/** As planted.ts writes it. */
interface Planted {
  readonly batches: number;
  readonly fleet: FleetOptions;
  readonly rows: readonly {
    readonly bootId: string;
    readonly cgroup?: string;
    readonly owner?: ContainerName;
    readonly metric: string;
    readonly value: string;
  }[];
}

const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjects();

beforeAll(async () => {
  duckdb = await DuckDBInstance.create(':memory:');
  connection = await duckdb.connect();
});

describe('export', { timeout: 300_000 }, () => {
  const dataDir = join(dir.path, 'data');
  const to = join(dir.path, "it's here");
  const figures = `'${join(dir.path, "it''s here", 'figures.parquet')}'`;
  const nodes = `'${join(dir.path, "it''s here", 'nodes.parquet')}'`;
  const env = { DENTRYSCOPE_DATA_DIR: dataDir };
  let planted: Planted;

  beforeAll(async () => {
    const quiet = { DENTRYSCOPE_BACKEND: 'none', DENTRYSCOPE_WINDOW: '1h', DENTRYSCOPE_JITTER: 'off' };
    const { cli, address } = await startStandalone({ ...quickly, ...quiet, ...env });
    await simulate(address);
    const busy = Cli.start(['export', to], env);
    expect(await busy.exited).toEqual({ code: 1, signal: null });
    expect(busy.stderr).toMatch(new RegExp(`in use by the process .*PID ${cli.pid}.*Stop it for the time`));
    await cli.end();
    await tellNames();
    const whole = Cli.start(['export', to], env);
    expect(await whole.exited, whole.stderr).toEqual({ code: 0, signal: null });
    expect(whole.stdout).toMatch(
      /nodes.parquet: \d+ rows, \d+ bytes\n.*figures.parquet: \d+ rows, \d+ bytes\n/,
    );
    expect(readdirSync(to).sort()).toEqual(['figures.parquet', 'nodes.parquet']);
  }, 240_000);

  async function simulate(address: string): Promise<void> {
    const truth = join(dir.path, 'truth.json');
    const startMs = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS - (WINDOWS + 10) * WINDOW_MS;
    const run = Cli.start(['simulate', '--truth', truth], {
      ...env,
      DENTRYSCOPE_SIMULATE_NODES: '8',
      DENTRYSCOPE_SIMULATE_CGROUPS: '20',
      DENTRYSCOPE_SIMULATE_SEED: '12',
      DENTRYSCOPE_SIMULATE_START: String(startMs),
      DENTRYSCOPE_SIMULATE_WINDOWS: String(WINDOWS),
      DENTRYSCOPE_CLUSTER: CLUSTER,
    });
    expect(await run.exited, run.stderr).toEqual({ code: 0, signal: null });
    planted = JSON.parse(readFileSync(truth, 'utf8')) as Planted;
    await eventually(async () => {
      const answer = await getJson<{ nodes: Node[] }>(`${address}/v1/nodes?cluster=${CLUSTER}`);
      return answer.nodes.reduce((sum, { seq }) => sum + Number(seq), 0) === planted.batches || undefined;
    }, 120_000);
  }

  /** After all figures, as a name that comes late: nobody but us knows the simulated pods. */
  async function tellNames(): Promise<void> {
    const store = await openEmbeddedStore({ directory: join(dataDir, 'store') });
    await store.writer.writeNames(createFleet(planted.fleet).containerNames({ from: 0, to: WINDOWS }));
    await store.close();
  }

  const overTime = ({ name, kind }: Metric) =>
    `${kind === 'gauge' ? `arg_max("${name}", window_start_ms)` : `sum("${name}")::BIGINT`} AS "${name}"`;

  /** As the truth says it: nothing where a figure is NULL in all windows. */
  async function rowsOf(metrics: readonly Metric[], file: string, key: string): Promise<Map<string, bigint>> {
    const rows = await ask(`SELECT ${key} AS key, ${metrics.map(overTime).join(', ')} FROM ${file}
      WHERE cluster = '${CLUSTER}' GROUP BY ALL`);
    const all = rows.flatMap(({ key, ...values }) =>
      Object.entries(values).map(([name, value]) => [`${String(key)} ${name}`, value] as const),
    );
    return new Map(all.filter(([, value]) => value !== null) as [string, bigint][]);
  }

  const sorted = (rows: Iterable<readonly [string, bigint]>) =>
    [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

  it('every figure of every cgroup is what was planted; what was absent is NULL', async () => {
    const expected = planted.rows
      .filter(({ cgroup }) => cgroup !== undefined)
      .map(({ bootId, cgroup, metric, value }) => [`${bootId}/${cgroup} ${metric}`, BigInt(value)] as const);
    expect(expected.length).toBeGreaterThan(2000);
    const seen = await rowsOf(cgroupMetrics, figures, `boot_id || '/' || cgroup_id`);
    expect(sorted(seen)).toEqual(sorted(expected));
  });

  it('every figure of every node, and a row a window', async () => {
    const expected = planted.rows
      .filter(({ cgroup }) => cgroup === undefined)
      .map(({ bootId, metric, value }) => [`${bootId} ${metric}`, BigInt(value)] as const);
    expect(sorted(await rowsOf(nodeMetrics, nodes, 'boot_id'))).toEqual(sorted(expected));
    const [count] = await ask(`SELECT count(*) AS rows, count(DISTINCT (boot_id, seq)) AS windows,
      count(*) FILTER (window_end_ms - window_start_ms = ${WINDOW_MS}) AS whole FROM ${nodes} WHERE cluster = '${CLUSTER}'`);
    const batches = BigInt(planted.batches);
    expect(count).toEqual({ rows: batches, windows: batches, whole: batches });
  });

  it('names: of each cgroup of a pod what was planted, of others none', async () => {
    const owners = planted.rows.filter(({ cgroup }) => cgroup !== undefined);
    const expected = new Map(
      owners.map(({ bootId, cgroup, owner }) => {
        const { namespace = null, workload = null, pod = null, container = null } = owner ?? {};
        return [`${bootId}/${cgroup}`, [namespace, workload, pod, container]];
      }),
    );
    const rows =
      await ask(`SELECT DISTINCT boot_id || '/' || cgroup_id AS key, namespace, workload, pod, container
      FROM ${figures} WHERE cluster = '${CLUSTER}'`);
    const seen = rows.map(({ key, ...names }) => [String(key), Object.values(names)] as const);
    expect(new Map(seen)).toEqual(expected);
    expect(seen.length).toBe(expected.size);
    expect([...expected.values()].filter(([pod]) => pod !== null).length).toBeGreaterThan(50);
  });

  it('row by row what the store holds, NULLs included', async () => {
    await ask(`ATTACH '${join(dataDir, 'store', 'store.duckdb')}' AS store (READ_ONLY)`);
    const list = (metrics: readonly Pick<Metric, 'name'>[]) =>
      metrics.map(({ name }) => `"${name}"`).join(', ');
    const held = async (table: string) =>
      (await ask(
        `SELECT column_name AS name FROM duckdb_columns() WHERE database_name = 'store' AND table_name = '${table}'
         AND column_name NOT IN ('boot', 'start_ms', 'cgroup')`,
      )) as { name: string }[];
    // Of the tables that lack rows (docs/decisions/0014) those that are there.
    const tables = { figures: '', live: 'IS NOT NULL', reclaim: '<> 0', waits: '<> 0' };
    const ofTables = [];
    for (const [table, has] of Object.entries(tables)) {
      const names = await held(table);
      const where = has ? names.map(({ name }) => `"${name}" ${has}`).join(' OR ') : 'true';
      ofTables.push([
        `SELECT boot_id, window_start_ms, cgroup_id, ${list(names)} FROM ${figures} WHERE ${where}`,
        `SELECT boot_id, start_ms, cgroup, ${list(names)} FROM store.${table} JOIN store.boots USING (boot)`,
      ] as const);
    }
    let rows = 0;
    for (const [file, kept] of [
      ...ofTables,
      [
        `SELECT cluster, node, boot_id, seq, window_start_ms, window_end_ms, ${list(nodeMetrics)} FROM ${nodes}`,
        `SELECT cluster, node, boot_id, seq, start_ms, end_ms, ${list(nodeMetrics)}
         FROM store.windows JOIN store.boots USING (boot)`,
      ],
    ] as const) {
      const [count] = await ask(
        `SELECT (SELECT count(*) FROM (${file})) AS file, (SELECT count(*) FROM (${kept})) AS kept`,
      );
      expect(count!['file']).toBe(count!['kept']);
      rows += Number(count!['file']);
      expect(await ask(`(${file}) EXCEPT ALL (${kept})`)).toEqual([]);
      expect(await ask(`(${kept}) EXCEPT ALL (${file})`)).toEqual([]);
    }
    expect(rows).toBeGreaterThan(1000);
    await ask('DETACH store');
  });

  it('a part of the time, beside what is there: refused, then replaced when that is said', async () => {
    const { startMs } = planted.fleet;
    const range = [10, 20].map((n) => new Date(startMs + n * WINDOW_MS).toISOString()) as [string, string];
    const args = ['export', to, '--from', range[0], '--to', range[1]];
    const refused = Cli.start(args, env);
    expect((await refused.exited).code).toBe(1);
    expect(refused.stderr).toMatch(/would be replaced.*--overwrite/);
    const done = Cli.start([...args, '--overwrite'], env);
    expect((await done.exited).code, done.stderr).toBe(0);
    const truth = createFleet(planted.fleet).truth({ from: 10, to: 20 });
    const [sums] = await ask(
      `SELECT sum(dentries_allocated)::BIGINT AS sum FROM ${figures} WHERE cluster = '${CLUSTER}'`,
    );
    expect(sums!['sum']).toBe(truth.sum('dentries_allocated'));
    const [count] = await ask(`SELECT count(*) AS windows FROM ${nodes}`);
    expect(count!['windows']).toBe(BigInt(truth.batches));
  });
});

it('Ctrl-C in the middle: status 130, nothing is left', { timeout: 120_000 }, async () => {
  const dataDir = join(dir.path, 'large');
  const store = await openEmbeddedStore({ directory: join(dataDir, 'store') });
  const ids = Array.from({ length: 1000 }, (_, n) => BigInt(n + 1));
  const batch = (seq: number) =>
    createBatch({
      ...{ cluster: 'c', node: 'n', bootId: 'b', seq: BigInt(seq) },
      ...{ windowStartMs: BigInt(seq * WINDOW_MS), windowEndMs: BigInt((seq + 1) * WINDOW_MS) },
      cgroups: { ids, dentriesAllocated: ids.map((id) => (id * 2_654_435_761n * BigInt(seq)) % 2n ** 40n) },
    });
  for (let from = 1; from < 1000; from += 100)
    await store.writer.write(Array.from({ length: 100 }, (_, n) => batch(from + n)));
  await store.close();
  const to = join(dir.path, 'ended');
  const cli = Cli.start(['export', to], { DENTRYSCOPE_DATA_DIR: dataDir });
  await eventually(
    () => readdirSync(join(to, '.dentryscope-export')).includes('figures.parquet') || undefined,
  );
  await cli.end('SIGINT');
  expect(await cli.exited).toEqual({ code: 130, signal: null });
  expect(cli.stderr).toContain('nothing is left of it');
  expect(readdirSync(to)).toEqual([]);
});
