export type Backend = 'fentry' | 'kprobe' | 'tracepoint';
export type Hook = 'dentry_alloc' | 'dentry_free' | 'cgroup_life';

export interface Refusal {
  backend: Backend;
  /** errno and the kernel's or libbpf's own words. */
  error: string;
}

export interface HookReport {
  hook: Hook;
  /** What it is seen by; null when every backend refused, each with its reason in `tried`. */
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
  /** Cgroups counted apart; beyond it counts go to `overflow`. Default 16384. */
  maxCgroups?: number;
  /** Ask the v1 hierarchies before v2. Default false: the first hierarchy in which a task is not in the root pays. */
  preferV1?: boolean;
  /** v1 controllers whose hierarchies are asked, at most 3. Default: those of memory, pids, cpu mounted as v1. */
  v1Controllers?: readonly string[];
  /** Room for cgroup events between two polls (584 bytes an event), a power of two. Default 1 MiB. */
  eventRingBytes?: number;
  /** Folder of the *.bpf.o files. Default: DENTRYSCOPE_BPF_DIR, or bpf/build beside this package. */
  bpfDir?: string;
}

/** Cumulative since `open`, summed over CPUs: never reset, take differences. A column not seen is null, never 0. */
export interface Drained {
  ids: BigUint64Array;
  /** Parallel to `ids`. */
  dentriesAllocated: BigUint64Array | null;
  /** Parallel to `ids`; by the cgroup that freed them, which need not be the one that made them. */
  dentriesFreed: BigUint64Array | null;
  /** Events of cgroups that found no room in the map. */
  overflow: { dentriesAllocated: bigint | null; dentriesFreed: bigint | null };
  /** Of the node, pipes and sockets included: allocatedAll - freedAll = the change of nr_dentry. */
  totals: { allocatedAll: bigint | null; freedAll: bigint | null };
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
