export type Backend = 'fentry' | 'kprobe' | 'tracepoint';
export const hookNames = [
  'dentry_alloc',
  'dentry_free',
  'dentry_lookup',
  'dentry_unlink',
  'dentry_instantiate',
  'cgroup_life',
] as const;
export type Hook = (typeof hookNames)[number];

export interface Refusal {
  backend: Backend;
  /** errno and the kernel's or libbpf's own words. */
  error: string;
}

export interface HookReport {
  hook: Hook;
  /** What it is seen by; null when every backend refused, each with its reason in `tried`, or none was asked. */
  backend: Backend | null;
  /** The backends that refused before `backend` was reached, in order. */
  tried: Refusal[];
  /** The per-cgroup counts contain pipes and sockets, which the backend can't tell from cached dentries. */
  includesPseudo: boolean;
  /** False: the hook counts for the node only, its column in `drain()` is null. */
  perCgroup: boolean;
  /** An upper bound of the events lost since `open`: 0 means that the counts are exact. */
  missed: bigint;
}

export interface OpenOptions {
  /** In the order of trial. Default: fentry, kprobe, tracepoint. */
  backends?: readonly Backend[];
  /** Those that are attached; what others would see is absent. Default: all. */
  hooks?: readonly Hook[];
  /** Cgroups counted apart; beyond it counts go to `overflow`. 80 bytes each on every CPU. Default 4096. */
  maxCgroups?: number;
  /** Ask the v1 hierarchies before v2. Default false: the first hierarchy in which a task is not in the root pays. */
  preferV1?: boolean;
  /** v1 controllers whose hierarchies are asked, at most 3. Default: those of memory, pids, cpu mounted as v1. */
  v1Controllers?: readonly string[];
  /** Room for cgroup events between two polls (544 bytes an event), a power of two. Default 1 MiB. */
  eventRingBytes?: number;
  live?: LiveOptions;
  /** Folder of the *.bpf.o files. Default: DENTRYSCOPE_BPF_DIR, or bpf/build beside this package. */
  bpfDir?: string;
}

export interface LiveOptions {
  /** Bound of the sampled dentries that are kept, 112 bytes of kernel memory each. Default 16384, at most 1048576. */
  maxSamples?: number;
  /** At the start one dentry in 2^shift is sampled; halved again whenever maxSamples comes near. Default 8. */
  shift?: number;
  /** Chooses which addresses are sampled. Default: random. */
  seed?: bigint;
}

/** The counters of a cgroup, by the names of the wire's columns. */
export const counters = [
  'dentriesAllocated',
  'dentriesFreed',
  'negativeByLookup',
  'negativeByUnlink',
  'instantiated',
  'positiveByLookup',
  'negativesFreed',
] as const;
export type Counter = (typeof counters)[number];

/** Cumulative since `open`, summed over CPUs: never reset, take differences. What is not seen is null, never 0. */
export interface Drained {
  ids: BigUint64Array;
  /** Each parallel to `ids`. Frees are those of the cgroup that freed, which need not be the one that made them. */
  columns: Record<Counter, BigUint64Array | null>;
  /** Events of cgroups that found no room. */
  overflow: Record<Counter, bigint | null>;
  totals: {
    /** Of the node, pipes and sockets included: allocatedAll - freedAll = the change of nr_dentry. */
    allocatedAll: bigint | null;
    freedAll: bigint | null;
    /** Estimate: dentries older than the probe that died since, and the variance of that estimate. */
    oldDied: bigint | null;
    oldDiedVariance: bigint | null;
  };
}

/** The living dentries whose address is sampled; the arrays are parallel. */
export interface LiveSample {
  /** One living dentry in 2^shift is in it. */
  shift: number;
  addresses: BigUint64Array;
  /** The cgroups whose tasks allocated them. */
  ids: BigUint64Array;
  /** CLOCK_MONOTONIC. */
  bornNs: BigUint64Array;
  /** Births that found no room, since `open`: where it grows, estimates are too low. */
  lost: bigint;
}

/** How many of the sample each cgroup has, by age. */
export interface LiveByAge {
  /** One living dentry in 2^shift is counted. */
  shift: number;
  ids: BigUint64Array;
  /** Bucket by bucket of `ageBoundsSeconds` (and one more) for the first id, then for the next. */
  samples: Uint32Array;
  /** As in LiveSample. */
  lost: bigint;
}

export interface CgroupEvent {
  kind: 'mkdir' | 'rmdir';
  /** As in `Drained.ids` and from `cgroupIdOf`. */
  id: bigint;
  /** 0 is cgroup v2, others as numbered in /proc/self/cgroup. */
  hierarchy: number;
  /** Below the hierarchy's root, with a leading slash. */
  path: string;
  /** The path was longer than 511 bytes and is cut. */
  truncated: boolean;
}
