/** Totals of cgroups as a count that never goes back, whatever the files say meanwhile. */

/** null: not to be had, undefined: not looked at. */
export type Totals = readonly (bigint | null | undefined)[];

interface Rise {
  /** What each total was when it was last there; undefined: nothing is told before it is seen again. */
  readonly last: (bigint | null | undefined)[];
  /** Since the agent or the cgroup began, whichever came later. */
  readonly told: bigint[];
}

/**
 * A total of a controller goes away with it, and begins anew when it is back (cpu.stat without the cpu controller);
 * PSI can be switched off for a cgroup, and a cgroup that dies between two of its files has half of them.
 */
export class RisingTotals {
  readonly #rises = new Map<bigint, Rise>();

  /** @param older cgroups that were there before the agent: what they had counted is not told */
  constructor(private readonly older: Set<bigint>) {}

  /**
   * @param totals in the same order each time; of one that is not to be had or not looked at nothing is added, and what it
   *   counts while it is not looked at is never told
   * @returns parallel to `totals`
   */
  told(id: bigint, totals: Totals): readonly bigint[] {
    const known = this.#rises.get(id);
    if (known && totals.every((total, i) => total === null || total === known.last[i])) return known.told;
    const last = known?.last ?? (this.older.has(id) ? totals : totals.map(() => 0n));
    const rise = {
      last: totals.map((total, i) => (total === null ? last[i] : total)),
      told: totals.map((total, i) => (known?.told[i] ?? 0n) + risen(last[i], total)),
    };
    this.#rises.set(id, rise);
    return rise.told;
  }

  forget(id: bigint): void {
    this.#rises.delete(id);
    this.older.delete(id);
  }
}

/** One that went back began anew: how far it had come before is not known, so nothing is added but from here on. */
function risen(last: Totals[number], total: Totals[number]): bigint {
  if (typeof total !== 'bigint' || last === undefined) return 0n;
  return total > (last ?? 0n) ? total - (last ?? 0n) : 0n;
}
