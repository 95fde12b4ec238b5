/** Cumulative counts to the deltas of a window. The kernel's counters are never reset, so no count falls between. */
import { LARGEST_DELTA } from '@dentryscope/contracts/wire';
import type { CgroupColumn } from '@dentryscope/contracts';
import type { Counted, Measured } from './signal.js';

export type Columns = Partial<Record<CgroupColumn, bigint[]>>;

export interface WindowColumns {
  readonly ids: bigint[];
  /** Each parallel to `ids`; a counter that no backend can see has none. */
  readonly columns: Columns;
}

type Seen = [name: CgroupColumn, values: BigUint64Array][];

const seenOf = (columns: Counted['columns']): Seen =>
  (Object.entries(columns) as [CgroupColumn, BigUint64Array | null][]).filter(
    (entry): entry is Seen[number] => entry[1] !== null,
  );

/** Cumulative values of one signal as they were when the last window was kept. */
export class Deltas {
  /** Each cgroup's row in all of `#before`. */
  readonly #rows = new Map<bigint, number>();
  readonly #free: number[] = [];
  readonly #before = new Map<CgroupColumn, BigUint64Array>();

  /** All that were counted in a window that was kept, and are not forgotten. */
  ids(): Iterable<bigint> {
    return this.#rows.keys();
  }

  /** Since the last `keep`. Cgroups in which nothing happened are left out. */
  since({ ids, columns }: Counted): Counted {
    const seen = seenOf(columns);
    const rows = Array.from(ids, (id) => this.#rows.get(id) ?? -1);
    const deltas = seen.map(([name, values]) => less(values, rows, this.#before.get(name)));
    const busy = [...ids.keys()].filter((i) => deltas.some((values) => values[i] !== 0n));
    const pick = (values: BigUint64Array) => BigUint64Array.from(busy, (i) => values[i]!);
    return { ids: pick(ids), columns: Object.fromEntries(seen.map(([name], c) => [name, pick(deltas[c]!)])) };
  }

  /** The window up to `now` is durable. Until then the next window says what this one would have said, and more. */
  keep({ ids, columns }: Counted): void {
    const rows = Array.from(ids, (id) => this.#rowOf(id));
    for (const [name, values] of seenOf(columns)) {
      const before = this.#columnOf(name);
      rows.forEach((row, i) => (before[row] = before[row]! + told(values[i]!, before[row]!)));
    }
  }

  forget(ids: readonly bigint[]): void {
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      for (const before of this.#before.values()) before[row] = 0n;
      this.#rows.delete(id);
      this.#free.push(row);
    }
  }

  #rowOf(id: bigint): number {
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    const row = this.#free.pop() ?? this.#rows.size;
    this.#rows.set(id, row);
    return row;
  }

  /** Grown by doubling. */
  #columnOf(name: CgroupColumn): BigUint64Array {
    const known = this.#before.get(name);
    const rows = this.#rows.size + this.#free.length;
    if (known && known.length >= rows) return known;
    const grown = new BigUint64Array(Math.max(rows, 2 * (known?.length ?? 0)));
    grown.set(known ?? []);
    this.#before.set(name, grown);
    return grown;
  }
}

const less = (values: BigUint64Array, rows: readonly number[], before: BigUint64Array | undefined) =>
  values.map((value, i) => told(value, before?.[rows[i]!] ?? 0n));

/** What is more than a window may say is said by the next. */
function told(value: bigint, before: bigint): bigint {
  const delta = value - before;
  return delta > LARGEST_DELTA ? LARGEST_DELTA : delta;
}

/** The columns of one window from those of many signals: who is not in one has 0 there. */
export function merge(parts: readonly (Counted | Measured)[]): WindowColumns {
  const rowOf = new Map<bigint, number>();
  for (const part of parts) for (const id of part.ids) if (!rowOf.has(id)) rowOf.set(id, rowOf.size);
  const ids = [...rowOf.keys()];
  const columns: Columns = {};
  for (const part of parts) {
    const rows = Array.from(part.ids, (id) => rowOf.get(id)!);
    for (const [name, values] of Object.entries(part.columns)) {
      if (!values) continue;
      const out = (columns[name as CgroupColumn] ??= new Array<bigint>(ids.length).fill(0n));
      rows.forEach((row, i) => (out[row] = values[i]!));
    }
  }
  return { ids, columns };
}
