/** From refused lines to what of each window is refused. */
import { cgroupMetrics } from '@dentryscope/contracts';
import type { Columns, WindowBatch } from '@dentryscope/contracts';
import type { Refused } from '../types.js';
import type { Origin } from './requests.js';

export interface RefusedFrom extends Origin {
  readonly reason: string;
}

/** One for each window and reason. */
export function refusedOf(batches: readonly WindowBatch[], lines: readonly RefusedFrom[]): Refused[] {
  const groups = new Map<string, RefusedFrom[]>();
  for (const one of lines) {
    const key = `${one.batch} ${one.reason}`;
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()].map((group) => {
    const [{ batch, reason }] = group as [RefusedFrom];
    const rows = group.flatMap(({ row }) => (row === undefined ? [] : [row]));
    const rest = onlyRows(batches[batch]!, rows);
    return { batch, rest, reason: `${counted(batches[batch]!, rows.length, group.length)}: ${reason}` };
  });
}

function counted(batch: WindowBatch, rows: number, lines: number): string {
  const cgroups = `${rows} of its ${batch.cgroups?.ids.length ?? 0} cgroups`;
  if (rows === 0) return 'the figures of the node';
  return rows === lines ? cgroups : `${cgroups} and the figures of the node`;
}

function onlyRows(batch: WindowBatch, rows: readonly number[]): WindowBatch {
  const { cgroups, ...rest } = batch;
  if (!cgroups || rows.length === cgroups.ids.length) return batch;
  if (rows.length === 0) return rest;
  const pick = (values: Columns['ids']) => (values.length === 0 ? [] : rows.map((row) => values[row]!));
  const columns = Object.fromEntries(cgroupMetrics.map(({ column }) => [column, pick(cgroups[column])]));
  return { ...rest, cgroups: { ...cgroups, ...columns, ids: pick(cgroups.ids) } };
}
