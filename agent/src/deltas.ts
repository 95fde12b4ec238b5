/** Cumulative counts to the deltas of a window. The kernel's counters are never reset, so no count falls between. */
import type { Drained } from './source.js';

const columns = ['dentriesAllocated', 'dentriesFreed'] as const;
type Column = (typeof columns)[number];

export interface WindowDeltas {
  readonly ids: bigint[];
  /** Parallel to ids; empty where the backend cannot see the counter. */
  readonly dentriesAllocated: bigint[];
  readonly dentriesFreed: bigint[];
  readonly allocatedAll: bigint | undefined;
  readonly freedAll: bigint | undefined;
}

/** Cumulative values as they were when the last window was kept. */
export class Deltas {
  readonly #before = new Map<bigint, Record<Column, bigint>>();
  #totals: Pick<Drained, 'allocatedAll' | 'freedAll'> = { allocatedAll: 0n, freedAll: 0n };

  /** Since the last `keep`. Cgroups in which nothing happened are left out. */
  since(now: Drained): WindowDeltas {
    const out = { ids: [] as bigint[], dentriesAllocated: [] as bigint[], dentriesFreed: [] as bigint[] };
    now.ids.forEach((id, index) => {
      const before = this.#before.get(id);
      const current = at(now, index);
      const delta = columns.map((column) => current[column] - (before?.[column] ?? 0n));
      if (delta.every((value) => value === 0n)) return;
      out.ids.push(id);
      columns.forEach((column, c) => now[column] && out[column].push(delta[c]!));
    });
    return { ...out, ...this.#totalDeltas(now) };
  }

  /** The window up to `now` is durable. Until then the next window says what this one would have said, and more. */
  keep(now: Drained): void {
    now.ids.forEach((id, index) => this.#before.set(id, at(now, index)));
    this.#totals = now;
  }

  forget(ids: readonly bigint[]): void {
    for (const id of ids) this.#before.delete(id);
  }

  #totalDeltas(now: Drained) {
    const before = this.#totals;
    const delta = (a: bigint | null, b: bigint | null) => (a === null ? undefined : a - (b ?? 0n));
    return {
      allocatedAll: delta(now.allocatedAll, before.allocatedAll),
      freedAll: delta(now.freedAll, before.freedAll),
    };
  }
}

function at(now: Drained, index: number): Record<Column, bigint> {
  return {
    dentriesAllocated: now.dentriesAllocated?.[index] ?? 0n,
    dentriesFreed: now.dentriesFreed?.[index] ?? 0n,
  };
}
