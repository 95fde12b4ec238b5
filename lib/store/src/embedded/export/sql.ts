/** What stands in the two files: a row a cgroup and window, and a row a node and window. */
import { cgroupMetrics, nodeMetrics } from '@dentryscope/contracts';
import type { CgroupMetric, Metric } from '@dentryscope/contracts';
import { OVERFLOW_PATH } from '../../owner.js';
import { identities } from '../schema.js';
import { sparseTables, tableOf } from '../tables.js';
import type { FigureTable } from '../tables.js';

/** Half open, by the start of windows in Unix milliseconds; a bound that is left out is none. */
export interface ExportRange {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** By table, the columns that it has: a file of an older release lacks those of newer metrics. */
export type Present = Readonly<Record<FigureTable | 'windows', ReadonlySet<string>>>;

const place = 'b.cluster, b.node, b.boot_id, w.seq, w.start_ms AS window_start_ms, w.end_ms AS window_end_ms';

/** A window is stored with its figures, in one transaction: none is without the other. */
export function figuresSql(range: ExportRange, present: Present): string {
  const others = otherTables.map(
    (table) => `LEFT JOIN (FROM ${table} WHERE ${within(range)}) ${table}
      ON ${table}.boot = f.boot AND ${table}.start_ms = f.start_ms AND ${table}.cgroup = f.cgroup`,
  );
  return `SELECT ${place}, f.cgroup AS cgroup_id,
      CASE WHEN f.cgroup = 0 THEN '${OVERFLOW_PATH}' ELSE i.path END AS path,
      i.namespace, i.workload, i.pod, i.container, ${cgroupMetrics.map((metric) => figure(metric, present)).join(', ')}
    FROM (FROM figures WHERE ${within(range)}) f
    JOIN (SELECT boot, start_ms, end_ms, seq, seen FROM windows WHERE ${within(range)}) w
      ON w.boot = f.boot AND w.start_ms = f.start_ms
    JOIN boots b ON b.boot = f.boot
    ${others.join('\n    ')}
    LEFT JOIN ${identities} i ON i.boot = f.boot AND i.cgroup = f.cgroup`;
}

const otherTables = ['live', ...sparseTables] as const;

/** A counter without a row is 0 where its window says that it was seen, and absent elsewhere: see ../tables.ts. */
function figure(metric: CgroupMetric, present: Present): string {
  const { name } = metric;
  const table = tableOf(metric);
  if (!present[table].has(name)) return `NULL::BIGINT AS "${name}"`;
  if (table === 'figures') return `f."${name}"`;
  if (table === 'live') return `live."${name}"`;
  return `coalesce(${table}."${name}", CASE WHEN contains(w.seen, ',${name},') THEN 0::BIGINT END) AS "${name}"`;
}

export function nodesSql(range: ExportRange, present: Present): string {
  return `SELECT ${place}, ${columns(present.windows)}
    FROM (FROM windows WHERE ${within(range)}) w JOIN boots b ON b.boot = w.boot`;
}

/** How many rows there have to be: each join finds one row. */
export const countSql = (table: 'figures' | 'windows', range: ExportRange) =>
  `SELECT count(*) FROM ${table} WHERE ${within(range)}`;

/** Of each figure what a reader has to know to add it up, as JSON: a gauge must not be summed over time. */
export function meaningOf(metrics: readonly Metric[]): string {
  const meaning = metrics.map(({ name, kind, unit, combine, help }) => [name, { kind, unit, combine, help }]);
  return JSON.stringify(Object.fromEntries(meaning));
}

const columns = (present: ReadonlySet<string>): string =>
  nodeMetrics.map(({ name }) => (present.has(name) ? `w."${name}"` : `NULL::BIGINT AS "${name}"`)).join(', ');

function within({ fromMs, toMs }: ExportRange): string {
  const conditions = [
    ...(fromMs === undefined ? [] : [`start_ms >= ${BigInt(fromMs)}`]),
    ...(toMs === undefined ? [] : [`start_ms < ${BigInt(toMs)}`]),
  ];
  return conditions.length > 0 ? conditions.join(' AND ') : 'true';
}
