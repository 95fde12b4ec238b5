/**
 * How long a pod's counters stay in the agent's /metrics. A node runs thousands of pods in a month; an hour after the last cgroup
 * of one died whoever scrapes has its last value.
 */
import { OVERFLOW_ID } from './identity.js';

const KEPT_MS = 3_600_000;

interface Life<L> {
  readonly labels: L;
  readonly living: Set<bigint>;
  endedMs: number;
}

/** @typeParam L a set of labels; the same values are the same set */
export class LabelLives<L extends object> {
  readonly #lives = new Map<string, Life<L>>();
  readonly #keys = new Map<bigint, string>();
  /** Of which windows still have rows: they hold dentries, and make none. */
  #dead = new Set<bigint>();

  /** A window with rows of these cgroups. @returns those that live */
  seen(ids: readonly bigint[], labelsOf: (id: bigint) => L): bigint[] {
    const rows = new Set(ids);
    this.#dead = new Set([...this.#dead].filter((id) => rows.has(id)));
    const living = ids.filter((id) => !this.#dead.has(id));
    for (const id of living) this.#join(id, labelsOf(id));
    return living;
  }

  /** @param nowMs monotonic */
  died(id: bigint, nowMs: number): void {
    if (id === OVERFLOW_ID || this.#dead.has(id)) return;
    this.#dead.add(id);
    this.#leave(id, nowMs);
  }

  /** Label sets that are gone from now on. */
  ended(nowMs: number): L[] {
    const gone = [...this.#lives].filter(
      ([, { living, endedMs }]) => living.size === 0 && nowMs - endedMs >= KEPT_MS,
    );
    for (const [key] of gone) this.#lives.delete(key);
    return gone.map(([, { labels }]) => labels);
  }

  /** A pod's name may come late: a cgroup then goes from one set to another. What has no name is one set, which stays. */
  #join(id: bigint, labels: L): void {
    const before = this.#keys.get(id);
    const values = Object.values(labels);
    const key = values.every((value) => value === '') ? undefined : JSON.stringify(values);
    if (before === key) return;
    if (before !== undefined) this.#lives.get(before)?.living.delete(id);
    if (key === undefined) return void this.#keys.delete(id);
    this.#keys.set(id, key);
    const life = this.#lives.get(key) ?? { labels, living: new Set(), endedMs: 0 };
    life.living.add(id);
    this.#lives.set(key, life);
  }

  #leave(id: bigint, nowMs: number): void {
    const life = this.#lives.get(this.#keys.get(id) ?? '');
    this.#keys.delete(id);
    life?.living.delete(id);
    if (life) life.endedMs = nowMs;
  }
}
