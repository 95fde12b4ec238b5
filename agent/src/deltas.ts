/** Cumulative counts to the deltas of a window. The kernel's counters are never reset, so no count falls between. */
import type { CgroupColumn } from '@dentryscope/contracts';
import type { Counted, Measured } from './signal.js';

export type Columns = Partial<Record<CgroupColumn, bigint[]>>;

export interface WindowColumns {
  readonly ids: bigint[];
  /** Each parallel to `ids`; a counter that no backend can see has none. */
  readonly columns: Columns;
}

/** Cumulative values of one signal as they were when the last window was kept. */
export class Deltas {
  #before = new Map<bigint, Map<CgroupColumn, bigint>>();

  /** Since the last `keep`. Cgroups in which nothing happened are left out. */
  since({ ids, columns }: Counted): Counted {
    const seen = Object.entries(columns).filter(([, values]) => values !== null) as [
      CgroupColumn,
      BigUint64Array,
    ][];
    const rows = [...ids].map((id, index) => ({
      id,
      deltas: seen.map(([name, values]) => values[index]! - (this.#before.get(id)?.get(name) ?? 0n)),
    }));
    const busy = rows.filter(({ deltas }) => deltas.some((value) => value !== 0n));
    return {
      ids: BigUint64Array.from(busy.map(({ id }) => id)),
      columns: Object.fromEntries(
        seen.map(([name], c) => [name, BigUint64Array.from(busy.map(({ deltas }) => deltas[c]!))]),
      ),
    };
  }

  /** The window up to `now` is durable. Until then the next window says what this one would have said, and more. */
  keep({ ids, columns }: Counted): void {
    const seen = Object.entries(columns) as [CgroupColumn, BigUint64Array | null][];
    ids.forEach((id, index) => {
      const values = seen.flatMap(([name, column]) => (column ? [[name, column[index]!] as const] : []));
      this.#before.set(id, new Map(values));
    });
  }

  forget(ids: readonly bigint[]): void {
    for (const id of ids) this.#before.delete(id);
  }
}

/** The columns of one window from those of many signals: who is not in one has 0 there. */
export function merge(parts: readonly (Counted | Measured)[]): WindowColumns {
  const ids = [...new Set(parts.flatMap((part) => [...part.ids]))];
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const columns: Columns = {};
  for (const part of parts) {
    const rows = [...part.ids].map((id) => rowOf.get(id)!);
    for (const [name, values] of Object.entries(part.columns)) {
      if (!values) continue;
      const out = (columns[name as CgroupColumn] ??= new Array<bigint>(ids.length).fill(0n));
      rows.forEach((row, index) => (out[row] = values[index]!));
    }
  }
  return { ids, columns };
}
