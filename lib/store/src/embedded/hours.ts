/**
 * Figures of cgroups that are older than the raw retention: one row a (boot, cgroup, hour), with start_ms of the hour. Of
 * counters the exact sum (NULL: seen in no window of the hour; HUGEINT, since 64-bit values are summed), of a gauge the
 * last value and the start of its window. A window's figures lie either in the four tables or here: see docs/decisions/0013.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { cgroupMetrics } from '@dentryscope/contracts';
import type { CgroupMetric } from '@dentryscope/contracts';
import { HOUR_MS } from '../hour.js';
import { figureTables, sparseTables, timeOf } from './tables.js';

/** Columns beside the key, with their types. */
export const hoursColumns = new Map(
  cgroupMetrics.flatMap((metric): [string, string][] =>
    metric.kind === 'counter'
      ? [[metric.name, 'HUGEINT']]
      : [
          [metric.name, 'BIGINT'],
          [timeOf(metric), 'BIGINT'],
        ],
  ),
);

/** Before this, figures may be rolled up; undefined: none is. Unix milliseconds, of a whole hour. */
export async function rolledUntilMs(connection: DuckDBConnection): Promise<number | undefined> {
  const [row] = (await connection.runAndReadAll('SELECT max(rolled_ms) FROM meta')).getRows();
  return row?.[0] == null ? undefined : Number(row[0]);
}

/**
 * Sums up the figures that start in the hour of `hourMs`, adding to what came of it before (windows that came late). Their
 * rows have to be deleted in the same transaction.
 */
export async function rollUp(connection: DuckDBConnection, hourMs: bigint): Promise<void> {
  const untilMs = hourMs + BigInt(HOUR_MS);
  await connection.run(`CREATE OR REPLACE TEMP TABLE rolled AS ${hourSql}`, [hourMs, untilMs]);
  const before = 'FROM hours WHERE start_ms = $1::BIGINT AND boot IN (SELECT boot FROM rolled)';
  await connection.run(`INSERT INTO rolled BY NAME SELECT * ${before}`, [hourMs]);
  await connection.run(`DELETE ${before}`, [hourMs]);
  await connection.run(`INSERT INTO hours BY NAME ${foldSql}`);
  await connection.run('DROP TABLE rolled');
  await connection.run('UPDATE meta SET rolled_ms = greatest(rolled_ms, $1::BIGINT)', [untilMs]);
}

const sums = (metrics: readonly CgroupMetric[], from = '') =>
  metrics.map(({ name }) => `sum(${from}"${name}") AS "${name}"`);

const lasts = (metrics: readonly CgroupMetric[], time: (metric: CgroupMetric) => string) =>
  metrics.flatMap((metric) => {
    const filter = `FILTER (WHERE "${metric.name}" IS NOT NULL)`;
    return [
      `arg_max("${metric.name}", ${time(metric)}) ${filter} AS "${metric.name}"`,
      `max(${time(metric)}) ${filter} AS "${timeOf(metric)}"`,
    ];
  });

const counters = cgroupMetrics.filter(({ kind }) => kind === 'counter');

/** Rows of the same key as one. */
const foldSql = `SELECT boot, start_ms, cgroup,
  ${[...sums(counters), ...lasts(figureTables.live, (metric) => `"${timeOf(metric)}"`)].join()}
  FROM rolled GROUP BY boot, start_ms, cgroup`;

const inHour = 'start_ms >= $1::BIGINT AND start_ms < $2::BIGINT';

const perCgroup = (table: string, columns: readonly string[]) =>
  `${table}_sums AS (SELECT boot, cgroup, ${columns.join()} FROM ${table} WHERE ${inHour} GROUP BY boot, cgroup)`;

const sparseMetrics = sparseTables.flatMap((table) =>
  figureTables[table].map((metric) => ({ table, metric })),
);

/** Each table is summed by itself before they are joined; what windows saw is looked at once for each text of it. */
const hourSql = `WITH seen_sums AS (
    SELECT f.boot, f.cgroup, w.seen, ${sums(figureTables.figures, 'f.').join()}
    FROM (FROM figures WHERE ${inHour}) f
    JOIN (SELECT boot, start_ms, seen FROM windows WHERE ${inHour}) w
      ON w.boot = f.boot AND w.start_ms = f.start_ms
    GROUP BY f.boot, f.cgroup, w.seen),
  base AS (
    SELECT boot, cgroup, ${sums(figureTables.figures).join()}, string_agg(seen, '') AS seen
    FROM seen_sums GROUP BY boot, cgroup),
  ${[
    perCgroup(
      'live',
      lasts(figureTables.live, () => 'start_ms'),
    ),
    ...sparseTables.map((table) => perCgroup(table, sums(figureTables[table]))),
  ].join(',\n  ')}
  SELECT base.boot, $1::BIGINT AS start_ms, base.cgroup,
    ${[
      ...figureTables.figures.map(({ name }) => `base."${name}"`),
      ...figureTables.live.flatMap((metric) =>
        [metric.name, timeOf(metric)].map((name) => `live_sums."${name}"`),
      ),
      ...sparseMetrics.map(
        ({ table, metric: { name } }) =>
          `coalesce(${table}_sums."${name}", CASE WHEN contains(base.seen, ',${name},') THEN 0::HUGEINT END) AS "${name}"`,
      ),
    ].join(',\n    ')}
  FROM base
  ${['live', ...sparseTables].map((table) => `LEFT JOIN ${table}_sums USING (boot, cgroup)`).join('\n  ')}`;
