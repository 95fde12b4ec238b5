/** Which cgroups have rows of their own: each is a series in InfluxDB, and a node may make only so many. */
import { Credit } from './credit.js';
import type { WindowColumns } from './deltas.js';
import { fold, largestFirst } from './fold.js';
import { OVERFLOW_ID } from './identity.js';

export interface AdmissionOptions {
  /** Most that live and have rows of their own. */
  readonly maxCgroups: number;
  readonly newCgroupsPerHour: number;
  /** Whether it is known to live. Of others' death nobody may hear. */
  readonly lives: (id: bigint) => boolean;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

interface Fate {
  readonly named: boolean;
  dead: boolean;
}

export interface Admitted {
  /** Who was refused is in cgroup 0. */
  readonly window: WindowColumns;
  /** The window is durable. Where it is not called, the same cgroups come again, at no further credit. */
  keep(): void;
}

/**
 * A new cgroup has a row of its own where there is credit for it, else it is part of cgroup 0 for as long as it lives
 * or holds dentries: of a gauge each cgroup's last value counts, so none may be told in two places. Credit grows by
 * `newCgroupsPerHour`, and together with those that live and have rows it is never more than `maxCgroups`. So in any
 * hours at most `maxCgroups` + hours × `newCgroupsPerHour` have rows, beside the dead that held dentries before.
 */
export class Admission {
  readonly #fates = new Map<bigint, Fate>();
  readonly #dead = new Set<bigint>();
  /** Not known to live when they came; the oldest first. Beyond `maxCgroups` the oldest are forgotten. */
  readonly #unknown = new Set<bigint>();
  readonly #credit: Credit;
  #livingNamed = 0;
  #folded = 0;
  #foldedEver = 0;

  constructor(private readonly options: AdmissionOptions) {
    const { maxCgroups, newCgroupsPerHour, nowMs = () => performance.now() } = options;
    this.#credit = new Credit(maxCgroups, newCgroupsPerHour, nowMs);
  }

  admit(window: WindowColumns): Admitted {
    this.#decide(window);
    const keep = () => this.#dropGone(window.ids);
    return { window: fold(window, (id) => this.folds(id)), keep };
  }

  /** Whether it was refused. */
  folds(id: bigint): boolean {
    return this.#fates.get(id)?.named === false;
  }

  /** Refused cgroups that live or hold dentries, and all that were since the agent started. */
  folded(): { readonly now: number; readonly ever: number } {
    return { now: this.#folded, ever: this.#foldedEver };
  }

  /** How many decisions are remembered. */
  get size(): number {
    return this.#fates.size;
  }

  problems(): readonly string[] {
    const { now, ever } = this.folded();
    if (now === 0) return [];
    return [
      `${now} cgroups that live or hold dentries are counted together as cgroup 0 (${ever} since the agent started): more came than DENTRYSCOPE_NEW_CGROUPS_PER_HOUR and DENTRYSCOPE_MAX_CGROUPS let be named`,
    ];
  }

  /** They are dead, and a window that was kept has their counts. What they still hold is told where it was. */
  forget(ids: readonly bigint[]): void {
    for (const id of ids) {
      const fate = this.#fates.get(id);
      if (!fate || fate.dead) continue;
      fate.dead = true;
      if (fate.named) this.#livingNamed--;
      this.#dead.add(id);
      this.#unknown.delete(id);
    }
  }

  #decide(window: WindowColumns): void {
    const { ids } = window;
    const isNew = (id: bigint) => id !== OVERFLOW_ID && !this.#fates.has(id);
    const rows = [...ids.keys()].filter((row) => isNew(ids[row]!));
    if (rows.length === 0) return;
    const admitted = this.#credit.take(rows.length, this.options.maxCgroups - this.#livingNamed);
    const order = admitted < rows.length ? largestFirst(window, rows) : rows;
    order.forEach((row, rank) => this.#remember(ids[row]!, rank < admitted));
  }

  #remember(id: bigint, named: boolean): void {
    this.#fates.set(id, { named, dead: false });
    if (!this.options.lives(id)) this.#unknown.add(id);
    if (named) this.#livingNamed++;
    else {
      this.#folded++;
      this.#foldedEver++;
    }
  }

  /** Who has no row in a window that was kept holds nothing, and every gauge of it was told as 0: it may be new again. */
  #dropGone(ids: readonly bigint[]): void {
    const excess = this.#unknown.size - this.options.maxCgroups;
    if (this.#dead.size === 0 && excess <= 0) return;
    const told = new Set(ids);
    for (const id of this.#dead) if (!told.has(id)) this.#drop(id);
    for (const id of [...this.#unknown].slice(0, Math.max(0, excess)))
      if (this.options.lives(id)) this.#unknown.delete(id);
      else if (!told.has(id)) this.#drop(id);
  }

  #drop(id: bigint): void {
    const { named, dead } = this.#fates.get(id)!;
    this.#fates.delete(id);
    this.#dead.delete(id);
    this.#unknown.delete(id);
    if (!named) this.#folded--;
    else if (!dead) this.#livingNamed--;
  }
}
