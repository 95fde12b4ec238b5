/** What reclaim of dentries and of memory cost, and whom; and each long one as an event. */
import { join } from 'node:path';
import type { NodeBatchInit } from '@dentryscope/contracts';
import type { ReclaimDrained, ReclaimEvent, ReclaimProbe, Shrinker } from '@dentryscope/native';
import type { Counted, Signal, SignalSample } from '../signal.js';
import { FunctionNames } from './function-names.js';

type Reclaims = NonNullable<NodeBatchInit['reclaims']>;

/** A window holds the longest of so many: a message must not outgrow what a broker takes. */
const MAX_EVENTS = 1000;

export class ReclaimSignal implements Signal {
  readonly #names: FunctionNames;
  #events: ReclaimEvent[] = [];
  #leftOut = 0n;
  #shrinkersBefore = new Map<string, Shrinker>();

  constructor(
    private readonly probe: ReclaimProbe,
    procRoot: string,
  ) {
    this.#names = new FunctionNames(join(procRoot, 'kallsyms'));
  }

  hooks() {
    return this.probe.hooks;
  }

  /** Between windows: the ring must not fill up. */
  collect(): void {
    this.#events.push(...this.probe.events());
    if (this.#events.length <= 2 * MAX_EVENTS) return;
    const longest = this.#longest();
    this.#leftOut += BigInt(this.#events.length - longest.length);
    this.#events = longest;
  }

  sample(): SignalSample {
    this.collect();
    const events = this.#longest();
    const taken = this.#events.length;
    const shrinkers = this.#shrinkers();
    return {
      counted: countedOf(this.probe.drain()),
      ...(shrinkers && { state: { shrinkers: shrinkers.deltas } }),
      fields: { reclaims: wireEvents(events) },
      keep: () => {
        this.#leftOut += BigInt(taken - events.length);
        this.#events = this.#events.slice(taken);
        if (shrinkers) this.#shrinkersBefore = shrinkers.now;
      },
    };
  }

  forget(ids: readonly bigint[]): void {
    this.probe.forget(ids);
  }

  problems(): readonly string[] {
    const lost = this.probe.eventsLost;
    return [
      ...(lost > 0n ? [`${lost} reclaim events found the ring full; the counters have them`] : []),
      ...(this.#leftOut > 0n
        ? [`${this.#leftOut} reclaim events were too many for a window (the longest ${MAX_EVENTS} stay)`]
        : []),
      ...this.#names.problems(),
    ];
  }

  close(): void {
    this.probe.close();
  }

  #longest(): ReclaimEvent[] {
    if (this.#events.length <= MAX_EVENTS) return [...this.#events];
    return [...this.#events]
      .sort((a, b) => Number(b.durationNs - a.durationNs))
      .slice(0, MAX_EVENTS)
      .sort((a, b) => Number(a.startNs - b.startNs));
  }

  /** Shrinkers that worked in this window. */
  #shrinkers() {
    const rows = this.probe.shrinkers();
    if (!rows) return undefined;
    const now = new Map(rows.map((row) => [`${row.scanObjects} ${row.name}`, row]));
    const busy = [...now].flatMap(([key, row]) => {
      const before = this.#shrinkersBefore.get(key);
      const since = (name: 'calls' | 'ns' | 'scanned' | 'freed') => row[name] - (before?.[name] ?? 0n);
      if (since('calls') === 0n) return [];
      const name = row.name || this.#names.at(row.scanObjects);
      return [
        {
          name,
          calls: since('calls'),
          ns: since('ns'),
          scanned: since('scanned'),
          freed: since('freed'),
        },
      ];
    });
    return { now, deltas: busy };
  }
}

function countedOf({ ids, columns: by, memory }: ReclaimDrained): Counted {
  return {
    ids,
    columns: {
      reclaimPressureEvents: by.pressure.events,
      reclaimPressureNs: by.pressure.ns,
      reclaimPressureFreed: by.pressure.freed,
      reclaimDirectEvents: by.direct.events,
      reclaimDirectNs: by.direct.ns,
      reclaimDirectFreed: by.direct.freed,
      reclaimDropCachesEvents: by.drop_caches.events,
      reclaimDropCachesNs: by.drop_caches.ns,
      reclaimDropCachesFreed: by.drop_caches.freed,
      reclaimRemountEvents: by.remount.events,
      reclaimRemountNs: by.remount.ns,
      reclaimRemountFreed: by.remount.freed,
      reclaimUmountEvents: by.umount.events,
      reclaimUmountNs: by.umount.ns,
      reclaimUmountFreed: by.umount.freed,
      directReclaimEvents: memory.events,
      directReclaimNs: memory.ns,
    },
  };
}

/** The wall clock as it is now: where it was stepped since, the event moves with it. */
function wireEvents(events: readonly ReclaimEvent[]): Reclaims {
  const offsetMs = BigInt(Date.now()) - process.hrtime.bigint() / 1_000_000n;
  return events.map(({ startNs, scanned, shrunkCgroupId, calls: _, ...event }) => ({
    ...event,
    startMs: offsetMs + startNs / 1_000_000n,
    startMonotonicNs: startNs,
    ...(scanned === null ? {} : { scanned }),
    ...(shrunkCgroupId === null ? {} : { shrunkCgroupId }),
  }));
}
