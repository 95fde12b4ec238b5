/** What the agent wants of each thing it measures in the kernel: see signals/. */
import type { CgroupColumn, NodeBatchInit } from '@dentryscope/contracts';
import type { Notes } from './notes.js';

export interface HookReport {
  readonly hook: string;
  readonly backend: string | null;
  readonly tried: readonly { readonly backend: string; readonly error: string }[];
  readonly includesPseudo: boolean;
  readonly perCgroup: boolean;
  readonly missed: bigint;
}

/** Counters of cgroups, cumulative since the signal began. null: no backend sees it, so the window has no such column. */
export interface Counted {
  readonly ids: BigUint64Array;
  /** Each parallel to `ids`. */
  readonly columns: Readonly<Partial<Record<CgroupColumn, BigUint64Array | null>>>;
}

/** Gauges of cgroups at one moment; each array parallel to `ids`. */
export interface Measured {
  readonly ids: readonly bigint[];
  readonly columns: Readonly<Partial<Record<CgroupColumn, readonly bigint[]>>>;
}

type Part<K extends 'state'> = Exclude<NonNullable<NodeBatchInit[K]>, { $typeName: string }>;

/** What a signal adds to a window. */
export interface SignalSample {
  readonly counted?: Counted;
  readonly measured?: Measured;
  /** Of the node: gauges, and deltas since the last window that was kept. */
  readonly state?: Part<'state'>;
  /** Whole fields of the window, each of one signal only; `stalls` of all that see some. */
  readonly fields?: Pick<NodeBatchInit, 'reclaims' | 'stalls' | 'liveAges' | 'runQueue'>;
  readonly notes?: Notes;
  /** The window is durable: what it said need not be said again. Where it is not called, the next sample says it too. */
  keep(): void;
}

export interface Signal {
  hooks(): readonly HookReport[];
  sample(): SignalSample;
  /** These cgroups are gone, and a window kept after their death has their counts. */
  forget(ids: readonly bigint[]): void;
  /** Sentences: what else is not whole. */
  problems(): readonly string[];
  /** The next sample is the last: what was waiting for more comes into it. */
  finish?(): void;
  close(): void;
}

export interface CgroupEvent {
  readonly kind: 'mkdir' | 'rmdir';
  readonly id: bigint;
  readonly path: string;
  readonly hierarchyId: number;
}

/** All that the agent measures in the kernel. */
export interface Kernel {
  readonly signals: readonly Signal[];
  pollCgroupEvents(): readonly CgroupEvent[];
  /** Whether no birth or death of a cgroup escaped since the last call. */
  sawAllCgroups(): boolean;
}
