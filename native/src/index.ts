import { addon } from './addon.js';
import type { NativeProbe } from './addon.js';
import { ageBoundsSeconds } from './live.js';
import { nativeOptions } from './options.js';
import type {
  Backend,
  CgroupEvent,
  Drained,
  Hook,
  HookReport,
  LiveByAge,
  LiveSample,
  OpenOptions,
} from './types.js';

export { counters, hookNames } from './types.js';
export type {
  Backend,
  CgroupEvent,
  Counter,
  Drained,
  Hook,
  HookReport,
  LiveByAge,
  LiveOptions,
  LiveSample,
  OpenOptions,
  Refusal,
} from './types.js';
export { ageBoundsSeconds, estimateByAge, standardError, type LiveEstimates } from './live.js';
export { ReclaimProbe, reclaimKinds } from './reclaim.js';
export type {
  ReclaimDrained,
  ReclaimEvent,
  ReclaimHook,
  ReclaimHookReport,
  ReclaimKind,
  ReclaimOptions,
  Shrinker,
} from './reclaim.js';
export { SchedProbe, TimerJitter, waitBoundsNs } from './sched.js';
export type {
  JitterOptions,
  JitterSample,
  SchedCounter,
  SchedDrained,
  SchedHookReport,
  SchedOptions,
  SchedStall,
} from './sched.js';
export { cgroupIdOf, filesystemMagic, hierarchyOf, magic, CgroupFiles } from './cgroups.js';

/** The slab tracepoints see objects, not dentries: see docs/decisions/0003-counting-in-the-kernel.md. */
function limits(hook: Hook, backend: Backend | null): Pick<HookReport, 'includesPseudo' | 'perCgroup'> {
  const slab = backend === 'tracepoint' && hook !== 'cgroup_life';
  return { includesPseudo: slab, perCgroup: backend !== null && !(slab && hook === 'dentry_free') };
}

const ageBoundsNs = BigUint64Array.from(ageBoundsSeconds, (seconds) => BigInt(seconds) * 1_000_000_000n);

/** BPF programs in the kernel, counting from `open` to `close`. */
export class DentryProbe {
  readonly #native: NativeProbe;

  private constructor(native: NativeProbe) {
    this.#native = native;
  }

  /**
   * Tries the backends for each hook. A kernel that refuses all of them is no error: the hook's report says why.
   * Throws RangeError for a wrong option.
   */
  static open(options: OpenOptions = {}): DentryProbe {
    return new DentryProbe(new (addon().Probe)(nativeOptions(options)));
  }

  /** Each hook with the backend it is seen by; `missed` is read anew each time. */
  get hooks(): HookReport[] {
    return this.#native.hooks().map((hook) => ({ ...hook, ...limits(hook.hook, hook.backend) }));
  }

  /** Reads all counters: cumulative values. */
  drain(): Drained {
    return this.#native.drain();
  }

  /** Reads the sample of living dentries; null where allocations or frees are not seen. */
  live(): LiveSample | null {
    return this.#native.live();
  }

  /**
   * The same sample counted by cgroup and age at `nowNs` (CLOCK_MONOTONIC): for `estimateByAge`. Of fifty thousand
   * samples JavaScript would make as many objects each time.
   */
  liveByAge(nowNs: bigint): LiveByAge | null {
    return this.#native.liveByAge(nowNs, ageBoundsNs);
  }

  /**
   * Frees the entries of cgroups that were removed, after their last drain. What they counted stays in `totals`.
   * An id that counts again comes back, from 0.
   */
  forget(ids: Iterable<bigint>): void {
    this.#native.forget(BigUint64Array.from(ids));
  }

  /** Cgroups made and removed since the last call, in the kernel's order. */
  pollCgroupEvents(): CgroupEvent[] {
    return this.#native.pollCgroupEvents();
  }

  /** Events that found the ring full, since `open`: when it grows, walk the tree again. */
  get cgroupEventsLost(): bigint {
    return this.#native.cgroupEventsLost();
  }

  /** Detaches and frees everything. Again is no error; any other call after it throws. */
  close(): void {
    this.#native.close();
  }
}

/** What this machine can measure, hook by hook, and why not: opens, looks and closes. */
export function hookReport(options: OpenOptions = {}): HookReport[] {
  const probe = DentryProbe.open(options);
  try {
    return probe.hooks;
  } finally {
    probe.close();
  }
}

/**
 * Unmaps the code that has run so far and gives malloc's free pages back: most of it ran once, when the process
 * started. What is used again comes from the page cache. @returns bytes of code that were mapped
 * @throws Error where /proc/self/smaps can't be read
 */
export function releaseStartupMemory(): number {
  return addon().releaseStartupMemory();
}
