/** What was planted: the sums that the API has to answer for a range of windows. */
import { cgroupMetrics, findMetric, nodeMetrics } from '@dentryscope/contracts';
import type { Metric, NodeBatch } from '@dentryscope/contracts';
import { ownerKey } from './names.js';
import type { ContainerName } from './names.js';

/** From window `from` on, `to` excluded. */
export interface WindowRange {
  readonly from: number;
  readonly to: number;
}

export interface TruthRow {
  readonly node: string;
  readonly bootId: string;
  /** undefined: a figure of the node itself. */
  readonly cgroup: bigint | undefined;
  /** Who the cgroup belongs to; undefined outside of pods. */
  readonly owner: ContainerName | undefined;
  readonly metric: string;
  /** A counter's sum over the windows; of a gauge the last value in them. */
  readonly value: bigint;
}

export interface Truth {
  readonly windows: WindowRange;
  /** NodeBatches in these windows: fewer than nodes × windows, since agents vanish. */
  readonly batches: number;
  /** Absent, as on the wire, is no row: never a row of 0. */
  readonly rows: readonly TruthRow[];
  /** @returns the rows that match as one figure (see Combine); undefined where there is none */
  sum(metric: string, where?: Partial<Pick<TruthRow, 'node' | 'cgroup'>>): bigint | undefined;
  /** Rows as JSON can hold them: 64-bit values in decimal. */
  toJSON(): object;
}

type Owners = ReadonlyMap<string, ContainerName>;
type Row = { -readonly [K in keyof TruthRow]: TruthRow[K] };

interface Sums {
  readonly owners: Owners;
  readonly rows: Map<string, Row>;
}

/** Adds the batches up as they stand on the wire, whatever model they came from. */
export function addUp(batches: Iterable<NodeBatch>, owners: Owners): Pick<Truth, 'batches' | 'rows'> {
  const sums: Sums = { owners, rows: new Map() };
  let count = 0;
  for (const batch of batches) {
    count += 1;
    addNode(sums, batch);
    addCgroups(sums, batch);
  }
  return { batches: count, rows: [...sums.rows.values()] };
}

function addNode(sums: Sums, batch: NodeBatch): void {
  for (const { name, kind, field } of nodeMetrics) {
    const value = batch.state?.[field];
    if (value === undefined) continue;
    const row = rowOf(sums, batch, name);
    row.value = kind === 'gauge' ? BigInt(value) : row.value + BigInt(value);
  }
}

function addCgroups(sums: Sums, batch: NodeBatch): void {
  const columns = batch.cgroups;
  if (!columns) return;
  for (const { name, column, kind } of cgroupMetrics)
    columns[column].forEach((value, at) => {
      const row = rowOf(sums, batch, name, columns.ids[at]!);
      row.value = kind === 'gauge' ? value : row.value + value;
    });
}

function rowOf({ rows, owners }: Sums, { node, bootId }: NodeBatch, metric: string, cgroup?: bigint): Row {
  const key = `${metric} ${bootId} ${cgroup ?? ''}`;
  const found = rows.get(key);
  if (found) return found;
  const owner = cgroup === undefined ? undefined : owners.get(ownerKey(bootId, cgroup));
  const row: Row = { node, bootId, cgroup, owner, metric, value: 0n };
  rows.set(key, row);
  return row;
}

export function truthOf(windows: WindowRange, added: Pick<Truth, 'batches' | 'rows'>): Truth {
  return {
    windows,
    ...added,
    sum(metric, where = {}) {
      const values = added.rows
        .filter((row) => row.metric === metric && matches(row, where))
        .map((row) => row.value);
      return values.length === 0 ? undefined : combine(findMetric(metric)!, values);
    },
    toJSON: () => ({
      windows,
      batches: added.batches,
      rows: added.rows.map((row) => ({
        ...row,
        cgroup: row.cgroup?.toString(),
        value: row.value.toString(),
      })),
    }),
  };
}

function combine(metric: Metric, values: readonly bigint[]): bigint {
  if (metric.combine === 'sum') return values.reduce((total, value) => total + value, 0n);
  const squares = values.reduce((total, value) => total + value * value, 0n);
  return BigInt(Math.ceil(Math.sqrt(Number(squares))));
}

function matches(row: TruthRow, where: Partial<Pick<TruthRow, 'node' | 'cgroup'>>): boolean {
  return (
    (where.node === undefined || row.node === where.node) &&
    (where.cgroup === undefined || row.cgroup === where.cgroup)
  );
}
