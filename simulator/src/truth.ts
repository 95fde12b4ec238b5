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
type Row = { -readonly [K in Exclude<keyof TruthRow, 'owner'>]: TruthRow[K] };

/** Adds batches up as they stand on the wire, whatever model they came from. */
export class Sums {
  batches = 0;
  readonly #rows = new Map<string, Row>();

  add(batch: NodeBatch): void {
    this.batches += 1;
    this.#addNode(batch);
    this.#addCgroups(batch);
  }

  rows(owners: Owners): TruthRow[] {
    return [...this.#rows.values()].map(({ cgroup, bootId, ...row }) => {
      const owner = cgroup === undefined ? undefined : owners.get(ownerKey(bootId, cgroup));
      return { bootId, cgroup, ...row, owner };
    });
  }

  #addNode(batch: NodeBatch): void {
    for (const { name, kind, field } of nodeMetrics) {
      const value = batch.state?.[field];
      if (value === undefined) continue;
      const row = this.#row(batch, name);
      row.value = kind === 'gauge' ? BigInt(value) : row.value + BigInt(value);
    }
  }

  #addCgroups(batch: NodeBatch): void {
    const columns = batch.cgroups;
    if (!columns) return;
    for (const { name, column, kind } of cgroupMetrics)
      columns[column].forEach((value, at) => {
        const row = this.#row(batch, name, columns.ids[at]!);
        row.value = kind === 'gauge' ? value : row.value + value;
      });
  }

  #row({ node, bootId }: NodeBatch, metric: string, cgroup?: bigint): Row {
    const key = `${metric} ${bootId} ${cgroup ?? ''}`;
    const found = this.#rows.get(key);
    if (found) return found;
    const row: Row = { node, bootId, cgroup, metric, value: 0n };
    this.#rows.set(key, row);
    return row;
  }
}

export function addUp(batches: Iterable<NodeBatch>, owners: Owners): Pick<Truth, 'batches' | 'rows'> {
  const sums = new Sums();
  for (const batch of batches) sums.add(batch);
  return { batches: sums.batches, rows: sums.rows(owners) };
}

/** 64-bit values as JSON can hold them: in decimal. */
export const rowsToJson = (rows: readonly TruthRow[]): object[] =>
  rows.map((row) => ({ ...row, cgroup: row.cgroup?.toString(), value: row.value.toString() }));

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
    toJSON: () => ({ windows, batches: added.batches, rows: rowsToJson(added.rows) }),
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
