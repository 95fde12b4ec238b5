/**
 * Which table a cgroup's figure lies in. DuckDB takes about as long for a column that is NULL or 0 throughout as for
 * one that is full, and most counters of most cgroups are: reclaim, waits and PSI have rows only where one of them is not 0.
 */
import { cgroupMetrics } from '@dentryscope/contracts';
import type { CgroupMetric } from '@dentryscope/contracts';

/** `figures` has a row of every cgroup that a window names. */
export type FigureTable = 'figures' | 'live' | 'reclaim' | 'waits';

/** Those that hold counters of some cgroups only: a row that is missing is 0 if the window says that it saw the counter. */
const sparse = { reclaim: /^(direct_)?reclaim_/, waits: /^(run_queue|lock|cpu_throttled|psi)_/ };

export function tableOf({ name, kind }: CgroupMetric): FigureTable {
  if (kind === 'gauge') return 'live';
  if (sparse.reclaim.test(name)) return 'reclaim';
  return sparse.waits.test(name) ? 'waits' : 'figures';
}

const metricsOf = (table: FigureTable) => cgroupMetrics.filter((metric) => tableOf(metric) === table);

export const figureTables = {
  figures: metricsOf('figures'),
  /** Gauges, of windows that have them: of every cgroup, since a 0 ends what was before. */
  live: metricsOf('live'),
  reclaim: metricsOf('reclaim'),
  waits: metricsOf('waits'),
} satisfies Record<FigureTable, readonly CgroupMetric[]>;

export const sparseTables = ['reclaim', 'waits'] as const;
const sparseMetrics = sparseTables.flatMap((table) => figureTables[table]);

/** What `windows.seen` says: names of those counters in tables with missing rows that the window's node could see. */
export const seenText = (isSeen: (metric: CgroupMetric) => boolean): string =>
  `,${sparseMetrics
    .filter(isSeen)
    .map(({ name }) => name)
    .join()},`;

/** The same from SQL that gives the names with commas between. */
export const seenList = (names: string): string => `',' || ${names} || ','`;

/**
 * What stands after FROM: rows of (boot, start_ms, cgroup, the figure), of a counter perhaps with a 0 more. With `hours` those
 * of rolled up hours too: of a counter with the start of the hour, of a gauge with that of the window it was last in.
 */
export function rowsOf(metric: CgroupMetric, hours: boolean): string {
  const raw = rawRowsOf(metric);
  if (!hours) return raw;
  const { name, kind } = metric;
  const startMs = kind === 'gauge' ? `"${timeOf(metric)}"` : 'start_ms';
  return `(SELECT boot, start_ms, cgroup, "${name}" FROM ${raw}
    UNION ALL SELECT boot, ${startMs} AS start_ms, cgroup, "${name}" FROM hours WHERE "${name}" IS NOT NULL)`;
}

/** In the table of hours, where the time of a gauge stands. */
export const timeOf = ({ name }: CgroupMetric) => `${name}_ms`;

function rawRowsOf(metric: CgroupMetric): string {
  const table = tableOf(metric);
  if (table === 'figures' || table === 'live') return table;
  return `(SELECT boot, start_ms, cgroup, "${metric.name}" FROM ${table} WHERE "${metric.name}" IS NOT NULL
    UNION ALL SELECT boot, start_ms, cgroup, 0::BIGINT FROM figures SEMI JOIN (
      SELECT boot, start_ms FROM windows WHERE contains(seen, ',${metric.name},')) USING (boot, start_ms))`;
}
