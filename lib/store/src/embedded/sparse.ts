/** Windows cut down to the cgroups of which one of some counters is not 0. */
import { halvesOf } from '@dentryscope/contracts';
import type { CgroupMetric, Columns } from '@dentryscope/contracts';
import { sees } from '../record.js';
import type { Window } from './windows.js';

type List = Columns[keyof Columns];

/** The windows that are left with a cgroup; of each the ids and the columns of `metrics`. */
export function notZero(windows: readonly Window[], metrics: readonly CgroupMetric[]): Window[] {
  return windows.flatMap((window) => {
    const columns = window.batch.cgroups;
    const seen = metrics.filter((metric) => sees(window.batch, metric));
    const rows = columns ? rowsNotZero(columns, seen) : [];
    return rows.length > 0 ? [only(window, columns!, seen, rows)] : [];
  });
}

function rowsNotZero(columns: Columns, seen: readonly CgroupMetric[]): number[] {
  const any = new Uint8Array(columns.ids.length);
  let found = false;
  for (const { column } of seen) found = mark(columns[column], any) || found;
  const rows: number[] = [];
  if (found) any.forEach((one, row) => one && rows.push(row));
  return rows;
}

/** @returns whether there is any */
function mark(values: List, any: Uint8Array): boolean {
  let found = false;
  if (values instanceof BigUint64Array) {
    const halves = halvesOf(values);
    for (let row = 0; row < values.length; row++)
      if ((halves[2 * row]! | halves[2 * row + 1]!) !== 0) found = (any[row] = 1) === 1;
  } else values.forEach((value, row) => value !== 0n && (found = (any[row] = 1) === 1));
  return found;
}

function only(
  window: Window,
  columns: Columns,
  seen: readonly CgroupMetric[],
  rows: readonly number[],
): Window {
  const chosen = ['ids' as const, ...seen.map(({ column }) => column)].map((column) => {
    return [column, pick(columns[column], rows)];
  });
  const cgroups = { ...columns, ...Object.fromEntries(chosen) } as Columns;
  return { boot: window.boot, batch: { ...window.batch, cgroups } };
}

function pick(values: List, rows: readonly number[]): BigUint64Array {
  const picked = new BigUint64Array(rows.length);
  for (let n = 0; n < rows.length; n++) picked[n] = values[rows[n]!]!;
  return picked;
}
