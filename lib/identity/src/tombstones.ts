/** What has gone and is remembered for a while: bounded in number and age. */
export class Tombstones<K, V> {
  /** In the order of their deaths. */
  readonly #graves = new Map<K, { readonly value: V; readonly diedMs: number }>();

  constructor(
    private readonly bounds: {
      readonly keepMs: number;
      readonly keepCount: number;
      /** Monotonic milliseconds: a stepped wall clock must neither empty nor freeze the cemetery. */
      readonly nowMs: () => number;
      readonly onForget?: (key: K, value: V) => void;
    },
  ) {}

  bury(key: K, value: V): void {
    this.#graves.delete(key);
    this.#graves.set(key, { value, diedMs: this.bounds.nowMs() });
    this.sweep();
  }

  get(key: K): V | undefined {
    this.sweep();
    return this.#graves.get(key)?.value;
  }

  /** It lives after all. */
  raise(key: K): boolean {
    return this.#graves.delete(key);
  }

  sweep(): void {
    const oldestMs = this.bounds.nowMs() - this.bounds.keepMs;
    for (const [key, { value, diedMs }] of this.#graves) {
      if (diedMs >= oldestMs && this.#graves.size <= this.bounds.keepCount) return;
      this.#graves.delete(key);
      this.bounds.onForget?.(key, value);
    }
  }

  get size(): number {
    return this.#graves.size;
  }

  *values(): Generator<V> {
    for (const { value } of this.#graves.values()) yield value;
  }
}
