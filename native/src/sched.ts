/** Who waits for a CPU, for a lock; and how late timers come. */
import { addon } from './addon.js';
import type { NativeJitter, NativeSched } from './addon.js';
import { schedOptions } from './options.js';
import type { OpenOptions, Refusal } from './types.js';

/** Upper bounds of the buckets of waits but the last, which has none: DS_WAIT_SHIFT of bpf/include/dentryscope.h. */
export const waitBoundsNs: readonly bigint[] = Array.from({ length: 15 }, (_, i) => 1n << BigInt(14 + i));

export interface SchedOptions extends Pick<
  OpenOptions,
  'maxCgroups' | 'preferV1' | 'v1Controllers' | 'bpfDir'
> {
  /** Threads whose waits are followed (64 bytes of kernel memory each). Default 131072. */
  maxThreads?: number;
  /** A wait for a CPU that is told as an event of its own. Default 1 s. */
  runQueueStallNs?: bigint;
  /** A wait for a lock that is told as an event of its own. Default 10 ms. */
  lockStallNs?: bigint;
}

export interface SchedHookReport {
  hook: 'run_queue' | 'lock_contention';
  backend: 'tracepoint' | null;
  tried: Refusal[];
  /** An upper bound of the events lost since `open`. */
  missed: bigint;
}

export type SchedCounter = 'runQueueWaits' | 'runQueueLatencyNs' | 'lockContentions' | 'lockContentionNs';

/** Cumulative since `open`. What is not seen is null, never 0. */
export interface SchedDrained {
  /** 0 is the overflow: cgroups that found no room. */
  ids: BigUint64Array;
  /** Each parallel to `ids`. */
  columns: Record<SchedCounter, BigUint64Array | null>;
  /** Waits for a CPU by length, `waitBoundsNs.length + 1` buckets for the first id, then for the next. */
  buckets: BigUint64Array | null;
}

/** A wait that has ended. */
export interface SchedStall {
  kind: 'run_queue' | 'lock_contention';
  /** CLOCK_MONOTONIC. */
  endNs: bigint;
  durationNs: bigint;
  cgroupId: bigint;
  /** Of the thread. */
  pid: number;
  cpu: number;
  comm: string;
}

/** BPF programs at the scheduler's and the locks' tracepoints. */
export class SchedProbe {
  readonly #native: NativeSched;

  private constructor(native: NativeSched) {
    this.#native = native;
  }

  /** What the kernel refuses is no error: the hook's report says why. Throws RangeError for a wrong option. */
  static open(options: SchedOptions = {}): SchedProbe {
    return new SchedProbe(new (addon().SchedProbe)(schedOptions(options)));
  }

  get hooks(): SchedHookReport[] {
    return this.#native.hooks();
  }

  drain(): SchedDrained {
    return this.#native.drain();
  }

  /** Those that ended since the last call. The ring has room for 1,170 of each kind. */
  pollStalls(): SchedStall[] {
    return this.#native.pollStalls();
  }

  /** As `DentryProbe.forget`. */
  forget(ids: Iterable<bigint>): void {
    this.#native.forget(BigUint64Array.from(ids));
  }

  /** Again is no error; any other call after it throws. */
  close(): void {
    this.#native.close();
  }
}

export interface JitterOptions {
  /** How long each CPU's timer sleeps. Default 100 ms. */
  periodNs?: bigint;
  /** A timer so late is told as an event of its own. Default 1 s. */
  stallNs?: bigint;
}

export interface JitterSample {
  /** CPUs that are watched. */
  cpus: number[];
  /** Parallel to `cpus`: the latest that a timer came since the last call; one that is still due counts as late so far. */
  maxLateNs: BigUint64Array;
  /** CPUs that are off, that this process may not run on, or for which it could make no thread. */
  unseen: number[];
  stalls: { cpu: number; dueNs: bigint; lateNs: bigint }[];
  /** Events beyond 1,000 between two calls, since the start. */
  stallsLost: bigint;
  /** Why the threads are not real-time ones: then lateness includes waiting behind other tasks. null: they are. */
  notRealtime: string | null;
}

function positive(name: string, value: bigint): bigint {
  if (value > 0n && value < 1n << 62n) return value;
  throw new RangeError(`${name} must be above 0, not ${value}`);
}

/** A thread on every CPU that looks how late it is woken: sees a CPU that is held, with or without a kernel watchdog. */
export class TimerJitter {
  readonly #native: NativeJitter;

  /** Throws RangeError for a wrong option. */
  constructor({ periodNs = 100_000_000n, stallNs = 1_000_000_000n }: JitterOptions = {}) {
    this.#native = new (addon().TimerJitter)({
      periodNs: positive('periodNs', periodNs),
      stallNs: positive('stallNs', stallNs),
    });
  }

  drain(): JitterSample {
    return this.#native.drain();
  }

  /** Waits for the threads to end: a period at most, longer only on a CPU that is held. */
  close(): void {
    this.#native.close();
  }
}
