/** A window's columns with some of its cgroups counted together, as cgroup 0. */
import { cgroupMetrics, combined, term } from '@dentryscope/contracts/metrics';
import type { CgroupColumn, CgroupMetric } from '@dentryscope/contracts';
import type { Columns, WindowColumns } from './deltas.js';
import { OVERFLOW_ID } from './identity.js';

/**
 * Counters and gauges of the folded are added to what cgroup 0 has; standard errors combine as the root of the sum of
 * squares, rounded up. Each other cgroup keeps its row as it is. A column that the window has not is not made.
 */
export function fold(window: WindowColumns, folds: (id: bigint) => boolean): WindowColumns {
  const { ids, columns } = window;
  const folded = ids.map(folds);
  if (!folded.includes(true)) return window;
  const joins = (row: number) => folded[row]! || ids[row] === OVERFLOW_ID;
  const joined = [...ids.keys()].filter(joins);
  const own = [...ids.keys()].filter((row) => !joins(row));
  const rest: Columns = {};
  for (const metric of cgroupMetrics) {
    const values = columns[metric.column];
    if (values) rest[metric.column] = [...own.map((row) => values[row]!), together(metric, values, joined)];
  }
  return { ids: [...own.map((row) => ids[row]!), OVERFLOW_ID], columns: rest };
}

function together(metric: CgroupMetric, values: readonly bigint[], rows: readonly number[]): bigint {
  return combined(
    metric,
    rows.reduce((sum, row) => sum + term(metric, values[row]!), 0n),
  );
}

/** What rows are compared by: what the cgroup made, what it holds, all else in the order of the metrics. */
const byWeight: readonly CgroupColumn[] = [
  'dentriesAllocated',
  'liveDentriesEstimate',
  ...cgroupMetrics.map(({ column }) => column),
];

/** The same order whatever the order of the window's rows: who is equal in all goes by its id. */
export function largestFirst({ ids, columns }: WindowColumns, rows: readonly number[]): number[] {
  const present = byWeight.flatMap((column) => (columns[column] ? [columns[column]] : []));
  return [...rows].sort((a, b) => {
    const differs = present.find((values) => values[a] !== values[b]);
    return differs ? compare(differs[b]!, differs[a]!) : compare(ids[a]!, ids[b]!);
  });
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
