/** How long tasks wait for a CPU, and for kernel locks. */
import { waitBoundsNs } from '@dentryscope/native';
import type { SchedDrained, SchedProbe, SchedStall } from '@dentryscope/native';
import { wallMsOf } from '../monotonic.js';
import type { HookReport, Signal, SignalSample } from '../signal.js';
import { Longest, MAX_STALLS } from './longest.js';

/** The ring of long waits must not fill up between windows. */
const POLL_MS = 1_000;
const buckets = waitBoundsNs.length + 1;

export class SchedSignal implements Signal {
  readonly #timer: NodeJS.Timeout;
  readonly #stalls = new Longest<SchedStall>(({ durationNs }) => durationNs);
  /** Each cgroup's buckets as they were in the last window that was kept. */
  readonly #before = new Map<bigint, BigUint64Array>();

  constructor(private readonly probe: SchedProbe) {
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
    this.#timer.unref();
  }

  hooks(): readonly HookReport[] {
    return this.probe.hooks.map((hook) => ({
      ...hook,
      includesPseudo: false,
      perCgroup: hook.backend !== null,
    }));
  }

  sample(): SignalSample {
    this.#poll();
    const drained = this.probe.drain();
    return {
      counted: { ids: drained.ids, columns: drained.columns },
      fields: {
        stalls: this.#stalls.events.map(stallEvent),
        ...(drained.buckets && { runQueue: this.#waits(drained) }),
      },
      keep: () => {
        this.#stalls.clear();
        drained.ids.forEach((id, row) => this.#before.set(id, bucketsOf(drained, row)));
      },
    };
  }

  forget(ids: readonly bigint[]): void {
    this.probe.forget(ids);
    for (const id of ids) this.#before.delete(id);
  }

  problems(): readonly string[] {
    return this.#stalls.untold > 0
      ? [
          `${this.#stalls.untold} long waits are in the columns only: a window tells the ${MAX_STALLS} longest`,
        ]
      : [];
  }

  close(): void {
    clearInterval(this.#timer);
    this.probe.close();
  }

  #poll(): void {
    this.#stalls.add(this.probe.pollStalls());
  }

  /** Cgroups that waited in this window. */
  #waits(drained: SchedDrained) {
    const ids: bigint[] = [];
    const waits: bigint[] = [];
    drained.ids.forEach((id, row) => {
      const now = bucketsOf(drained, row);
      const before = this.#before.get(id);
      if (now.every((n, i) => n === (before?.[i] ?? 0n))) return;
      ids.push(id);
      now.forEach((n, i) => waits.push(n - (before?.[i] ?? 0n)));
    });
    return { ids, boundsNs: [...waitBoundsNs], waits };
  }
}

function bucketsOf({ buckets: all }: SchedDrained, row: number): BigUint64Array {
  return all?.subarray(row * buckets, (row + 1) * buckets) ?? new BigUint64Array();
}

function stallEvent({ kind, endNs, durationNs, cgroupId, pid, cpu, comm }: SchedStall) {
  const startMonotonicNs = endNs - durationNs;
  return {
    kind,
    startMs: wallMsOf(startMonotonicNs),
    startMonotonicNs,
    durationNs,
    cpu,
    cgroupId,
    comm,
    pid,
  };
}
