/**
 * What a running spool knows besides its file. Death forgets it, and costs nothing: what was sent in part is sent again,
 * what is damaged is found again, and what was dropped in flight has been counted in the file.
 */
export class SpoolMemory {
  /** Handed out, and neither acknowledged nor handed out anew. */
  readonly #lent = new Set<bigint>();
  /** Which windows of a block have been acknowledged, while others of it wait. */
  readonly #acknowledged = new Map<bigint, ReadonlySet<number>>();
  /** Dropped in flight: the file has counted them as lost, and they are not if the acknowledgement comes. */
  readonly #inDoubt = new Map<bigint, number>();
  /** Damaged, and still there as a full disk lets nothing be deleted: lost, but not in the file's count. */
  readonly #aside = new Map<bigint, number>();

  isLent(position: bigint): boolean {
    return this.#lent.has(position);
  }

  isAside(position: bigint): boolean {
    return this.#aside.has(position);
  }

  isInDoubt(position: bigint): boolean {
    return this.#inDoubt.has(position);
  }

  acknowledged(position: bigint): ReadonlySet<number> {
    return this.#acknowledged.get(position) ?? new Set();
  }

  /** To be added to the file's count of lost windows. */
  get lost(): number {
    return sum(this.#aside.values()) - sum(this.#inDoubt.values());
  }

  /** In the file's tables, and not waiting. */
  get notWaiting(): number {
    return sum(this.#aside.values()) + sum(Array.from(this.#acknowledged.values(), ({ size }) => size));
  }

  /** What was lent before and not acknowledged failed: what of it was dropped meanwhile is lost. */
  lend(positions: readonly bigint[]): void {
    this.#lent.clear();
    this.#inDoubt.clear();
    for (const position of positions) this.#lent.add(position);
  }

  setAside(position: bigint, windows: number): void {
    this.#aside.set(position, windows);
  }

  keepAcknowledged(position: bigint, windows: ReadonlySet<number>): void {
    this.#acknowledged.set(position, windows);
  }

  /** So many that were in doubt have been acknowledged. */
  clearDoubt(position: bigint, windows: number): void {
    this.#inDoubt.set(position, Math.max(0, (this.#inDoubt.get(position) ?? 0) - windows));
  }

  /** Its row is gone, and so many of its windows have been counted as lost. */
  dropped(position: bigint, windows: number): void {
    const lent = this.#lent.has(position);
    this.gone(position);
    if (lent) this.#inDoubt.set(position, windows);
  }

  /** Its row is gone. */
  gone(position: bigint): void {
    for (const known of [this.#lent, this.#acknowledged, this.#aside]) known.delete(position);
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
