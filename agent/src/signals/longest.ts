/** The longest events of a window: however long windows are not kept, there are only so many. */

/** Of each kind of stall; the columns and the state have all of them. */
export const MAX_STALLS = 200;

export class Longest<T> {
  /** Events that were shorter than all of so many. */
  untold = 0;
  #events: readonly T[] = [];

  /** @param lengthOf nanoseconds */
  constructor(private readonly lengthOf: (event: T) => bigint) {}

  /** The longest first. */
  get events(): readonly T[] {
    return this.#events;
  }

  add(events: readonly T[]): void {
    const all = [...this.#events, ...events];
    all.sort((a, b) => Number(this.lengthOf(b) - this.lengthOf(a)));
    this.#events = all.slice(0, MAX_STALLS);
    this.untold += all.length - this.#events.length;
  }

  clear(): void {
    this.#events = [];
  }
}
