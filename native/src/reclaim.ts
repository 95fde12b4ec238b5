/** Reclaim of dentries and of memory: who paid for it, what it freed, and how long it took. */
import { addon } from './addon.js';
import { nativeOptions } from './options.js';
import type { Backend, OpenOptions, Refusal } from './types.js';

/** Why dentries were freed. */
export const reclaimKinds = ['pressure', 'direct', 'drop_caches', 'remount', 'umount'] as const;
export type ReclaimKind = (typeof reclaimKinds)[number];

/**
 * `reclaim_freed` counts what dies, for the other three; `reclaim_direct` is reclaim of memory of any sort by tasks for
 * themselves.
 */
export type ReclaimHook =
  'reclaim_freed' | 'reclaim_prune' | 'reclaim_remount' | 'reclaim_umount' | 'reclaim_direct' | 'shrinkers';

export interface ReclaimHookReport {
  hook: ReclaimHook;
  backend: Backend | null;
  tried: Refusal[];
  includesPseudo: boolean;
  perCgroup: boolean;
  /** An upper bound of the calls lost since `open`; by kprobe it contains those that run just now. */
  missed: bigint;
}

export type ReclaimOptions = Pick<
  OpenOptions,
  'backends' | 'maxCgroups' | 'preferV1' | 'v1Controllers' | 'bpfDir' | 'eventRingBytes'
> & {
  /** Shorter reclaims have no event; the counters have all of them. Default 1,000,000 ns. */
  eventMinNs?: bigint;
};

/** Cumulative since `open`. Null where no backend sees it. */
export interface ReclaimSums {
  /** Of dentries: calls of the kernel's function. */
  readonly events: bigint | null;
  readonly ns: bigint | null;
  /** Dentries that the calls killed, the parents of the last child included. */
  readonly freed: bigint | null;
}

export interface ReclaimDrained {
  /** Cgroups whose tasks reclaimed; 0 is those that found no room. */
  ids: BigUint64Array;
  /** Each parallel to `ids`. */
  columns: Record<ReclaimKind, Record<keyof ReclaimSums, BigUint64Array | null>>;
  /** Direct reclaim of memory of any sort. */
  memory: Record<'events' | 'ns', BigUint64Array | null>;
}

export interface ReclaimEvent {
  kind: ReclaimKind;
  /** CLOCK_MONOTONIC, of the first of `calls`. */
  startNs: bigint;
  /** In the calls, without what lay between them: a shrinker prunes inodes in turn. */
  durationNs: bigint;
  freed: bigint;
  /** Objects of the LRU list that were looked at; null where the path does not count them. */
  scanned: bigint | null;
  /** Calls of the kernel's function that one pass of a shrinker made; 1 for remount and umount. */
  calls: number;
  /** s_id, at most 31 bytes (`sda1`). */
  superblock: string;
  filesystem: string;
  cpu: number;
  cgroupId: bigint;
  /** The memory cgroup that was shrunk; null for the root. */
  shrunkCgroupId: bigint | null;
  comm: string;
  pid: number;
}

export interface Shrinker {
  /** Address of its scan function, 0 for those that found no room. */
  scanObjects: bigint;
  /** The kernel's own name (CONFIG_SHRINKER_DEBUG), else empty. */
  name: string;
  calls: bigint;
  ns: bigint;
  scanned: bigint;
  freed: bigint;
}

/** What the C++ side gives. */
export interface NativeReclaimProbe {
  hooks(): { hook: ReclaimHook; backend: Backend | null; tried: Refusal[]; missed: bigint }[];
  drain(): {
    ids: BigUint64Array;
    kinds: (ReclaimKind | 'memory')[];
    events: BigUint64Array;
    ns: BigUint64Array;
    freed: BigUint64Array;
  };
  shrinkers(): Shrinker[] | null;
  events(): (Omit<ReclaimEvent, 'scanned' | 'shrunkCgroupId'> & {
    scanned: bigint;
    shrunkCgroupId: bigint;
  })[];
  eventsLost(): bigint;
  forget(ids: BigUint64Array): void;
  close(): void;
}

const hookOf: Record<ReclaimKind, ReclaimHook> = {
  pressure: 'reclaim_prune',
  direct: 'reclaim_prune',
  drop_caches: 'reclaim_prune',
  remount: 'reclaim_remount',
  umount: 'reclaim_umount',
};

/** Programs that count reclaim, from `open` to `close`. */
export class ReclaimProbe {
  readonly #native: NativeReclaimProbe;
  readonly #seen: ReadonlySet<ReclaimHook>;

  private constructor(native: NativeReclaimProbe) {
    this.#native = native;
    this.#seen = new Set(native.hooks().flatMap(({ hook, backend }) => (backend ? [hook] : [])));
  }

  /**
   * Tries the backends for each hook. A kernel that refuses all of them is no error: the hook's report says why.
   * Throws RangeError for a wrong option.
   */
  static open({ eventMinNs = 1_000_000n, ...options }: ReclaimOptions = {}): ReclaimProbe {
    if (eventMinNs < 0n || eventMinNs >= 1n << 63n)
      throw new RangeError(`eventMinNs must be from 0 to 2^63 - 1, not ${eventMinNs}`);
    return new ReclaimProbe(new (addon().ReclaimProbe)(nativeOptions(options), eventMinNs));
  }

  /** Each hook with the backend it is seen by; `missed` is read anew each time. */
  get hooks(): ReclaimHookReport[] {
    return this.#native.hooks().map((hook) => ({
      ...hook,
      includesPseudo: false,
      perCgroup: hook.backend !== null && hook.hook !== 'shrinkers',
    }));
  }

  drain(): ReclaimDrained {
    const rows = this.#native.drain();
    const ids = [...new Set(rows.ids)];
    const rowOf = new Map(ids.map((id, row) => [id, row]));
    const column = (kind: ReclaimKind | 'memory', values: BigUint64Array, ...hooks: ReclaimHook[]) => {
      if (!hooks.every((hook) => this.#seen.has(hook))) return null;
      const out = new BigUint64Array(ids.length);
      rows.kinds.forEach((of, i) => {
        if (of === kind) out[rowOf.get(rows.ids[i]!)!] = values[i]!;
      });
      return out;
    };
    const columns = reclaimKinds.map((kind) => {
      const hook = hookOf[kind];
      return [
        kind,
        {
          events: column(kind, rows.events, hook),
          ns: column(kind, rows.ns, hook),
          freed: column(kind, rows.freed, hook, 'reclaim_freed'),
        },
      ] as const;
    });
    return {
      ids: BigUint64Array.from(ids),
      columns: Object.fromEntries(columns) as ReclaimDrained['columns'],
      memory: {
        events: column('memory', rows.events, 'reclaim_direct'),
        ns: column('memory', rows.ns, 'reclaim_direct'),
      },
    };
  }

  /** What each slab shrinker did: cumulative. Null where it is not seen. */
  shrinkers(): Shrinker[] | null {
    return this.#native.shrinkers();
  }

  /** Reclaims that ended since the last call, of at least `eventMinNs`. */
  events(): ReclaimEvent[] {
    return this.#native.events().map(({ scanned, shrunkCgroupId, ...event }) => ({
      ...event,
      scanned: hookOf[event.kind] === 'reclaim_prune' ? scanned : null,
      shrunkCgroupId: shrunkCgroupId === 0n ? null : shrunkCgroupId,
    }));
  }

  /** Events that found the ring full, since `open`. The counters have them. */
  get eventsLost(): bigint {
    return this.#native.eventsLost();
  }

  /** Frees the entries of cgroups that were removed, after their last drain. */
  forget(ids: Iterable<bigint>): void {
    this.#native.forget(BigUint64Array.from(ids));
  }

  /** Detaches and frees everything. Again is no error; any other call after it throws. */
  close(): void {
    this.#native.close();
  }
}
