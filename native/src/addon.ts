import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeReclaimProbe } from './reclaim.js';
import type { JitterSample, SchedDrained, SchedHookReport, SchedStall } from './sched.js';
import type {
  Backend,
  CgroupEvent,
  Drained,
  Hook,
  LiveByAge,
  LiveOptions,
  LiveSample,
  Refusal,
} from './types.js';

/** What the C++ side gives; only src/ of this package sees it. */
export interface NativeProbe {
  hooks(): { hook: Hook; backend: Backend | null; tried: Refusal[]; missed: bigint }[];
  drain(): Drained;
  live(): LiveSample | null;
  liveByAge(nowNs: bigint, boundsNs: BigUint64Array): LiveByAge | null;
  forget(ids: BigUint64Array): void;
  pollCgroupEvents(): CgroupEvent[];
  cgroupEventsLost(): bigint;
  close(): void;
}

export interface NativeOptions {
  bpfDir: string;
  backends: readonly Backend[];
  hooks: readonly Hook[];
  maxCgroups: number;
  live: Required<LiveOptions>;
  eventRingBytes: number;
  preferV1: boolean;
  v1Controllers: readonly string[];
}

export interface NativeSched {
  hooks(): SchedHookReport[];
  drain(): SchedDrained;
  pollStalls(): SchedStall[];
  forget(ids: BigUint64Array): void;
  close(): void;
}

export interface NativeSchedOptions {
  bpfDir: string;
  maxCgroups: number;
  preferV1: boolean;
  v1Controllers: readonly string[];
  maxThreads: number;
  runQueueStallNs: bigint;
  lockStallNs: bigint;
}

export interface NativeCgroupFiles {
  read(directory: string, psi: boolean): (bigint | null)[];
  forget(directory: string): void;
  close(): void;
}

export interface NativeJitter {
  drain(): JitterSample;
  close(): void;
}

export interface Addon {
  SchedProbe: new (options: NativeSchedOptions) => NativeSched;
  TimerJitter: new (options: { periodNs: bigint; stallNs: bigint }) => NativeJitter;
  Probe: new (options: NativeOptions) => NativeProbe;
  ReclaimProbe: new (options: NativeOptions, eventMinNs: bigint) => NativeReclaimProbe;
  cgroupInode(path: string): bigint;
  filesystemMagic(path: string): number;
  releaseStartupMemory(): number;
  CgroupFiles: new () => NativeCgroupFiles;
}

let loaded: Addon | undefined;

/** Loaded at first use, so that a program whose agent is off needs no addon. */
export function addon(): Addon {
  if (loaded) return loaded;
  const path =
    process.env['DENTRYSCOPE_ADDON'] ??
    fileURLToPath(new URL('../build/Release/dentryscope.node', import.meta.url));
  try {
    loaded = createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw new Error(
      `the native addon does not load; build it with: make -C bpf && node scripts/addon.mjs native`,
      {
        cause,
      },
    );
  }
  return loaded;
}
