/** Reclaim of dentries in a window: the calls, as columns of who paid and as events where they were long. */
import { reclaimKinds } from '@dentryscope/contracts';
import type { CgroupColumn, NodeBatch, NodeBatchInit, ReclaimKind } from '@dentryscope/contracts';
import type { FleetOptions, NodePlan } from './plan.js';
import { hash, whole } from './random.js';

/** One call: of one file system, in one window. */
export interface Reclaim {
  readonly kind: ReclaimKind;
  /** The cgroup whose task did it. */
  readonly payer: bigint;
  readonly comm: string;
  readonly freed: number;
  /** Tells it apart from the others of the window. */
  readonly seed: number;
  /** The container whose memory was short, where one was. */
  readonly shrunk?: bigint;
}

/** An agent tells calls that took longer, one by one. */
const SLOW_NS = 10_000_000;
/** Measured on a real 5.10 kernel, at umount. */
const NS_A_DENTRY = [363, 433] as const;

type CgroupColumns = NonNullable<NodeBatch['cgroups']>;

/** When a call was, and how long: times by the node's clock. */
export interface Timed extends Reclaim {
  readonly startMs: number;
  /** Since boot. */
  readonly startMonotonicNs: bigint;
  readonly durationNs: number;
}

/** Before the fleet's first window. */
export const BOOTED_BEFORE_MS = 3_600_000;

const durationNs = ({ freed, seed }: Reclaim, window: number) =>
  freed * whole(...NS_A_DENTRY, seed, window, 1);

const pascal = (kind: string) => kind.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Of each kind that a kprobe can see, though it did not happen: 0 is not absent. */
export function reclaimColumns(ids: readonly bigint[], reclaims: readonly Reclaim[], window: number) {
  const columns = reclaimKinds.flatMap((kind) => {
    const paid = (id: bigint) => reclaims.filter((one) => one.kind === kind && one.payer === id);
    const column = (value: (one: Reclaim) => number) =>
      ids.map((id) => BigInt(paid(id).reduce((sum, one) => sum + value(one), 0)));
    return [
      [`reclaim${pascal(kind)}Events`, column(() => 1)],
      [`reclaim${pascal(kind)}Ns`, column((one) => durationNs(one, window))],
      [`reclaim${pascal(kind)}Freed`, column(({ freed }) => freed)],
    ] as const;
  });
  return Object.fromEntries(columns) as Partial<Record<CgroupColumn, bigint[]>>;
}

/** The columns of one kind; empty where the backend cannot see reclaim. */
export function reclaimColumnsOf(columns: CgroupColumns, kind: ReclaimKind) {
  const of = (what: string) => columns[`reclaim${pascal(kind)}${what}` as CgroupColumn];
  return { events: of('Events'), ns: of('Ns'), freed: of('Freed') };
}

/** Those that an agent tells one by one. They ride in the window in which they ended. */
export function slowReclaims(
  node: NodePlan,
  reclaims: readonly Reclaim[],
  window: number,
  { startMs, windowMs }: FleetOptions,
): Timed[] {
  return reclaims
    .map((one) => ({ one, ns: durationNs(one, window) }))
    .filter(({ ns }) => ns >= SLOW_NS)
    .map(({ one, ns }) => {
      const lastsMs = Math.min(windowMs, Math.ceil(ns / 1e6));
      const intoMs = window * windowMs + whole(0, windowMs - lastsMs, one.seed, window, 2);
      return {
        ...one,
        startMs: startMs + node.clockSkewMs + intoMs,
        startMonotonicNs: BigInt(BOOTED_BEFORE_MS + intoMs) * 1_000_000n,
        durationNs: ns,
      };
    });
}

export const reclaimEvents = (
  node: NodePlan,
  slow: readonly Timed[],
): NonNullable<NodeBatchInit['reclaims']> =>
  slow.map((one) => ({
    kind: one.kind,
    startMs: BigInt(one.startMs),
    startMonotonicNs: one.startMonotonicNs,
    durationNs: BigInt(one.durationNs),
    freed: BigInt(one.freed),
    superblock: `0:${64 + (one.seed % 4000)}`,
    filesystem: 'overlay',
    cpu: cpuOf(node, one),
    cgroupId: one.payer,
    ...(one.shrunk === undefined ? {} : { shrunkCgroupId: one.shrunk }),
    comm: one.comm,
    pid: pidOf(one),
  }));

export const CPUS = 64;
export const cpuOf = (node: NodePlan, { seed }: Reclaim): number => hash(node.seed, seed) % CPUS;
const pidOf = ({ seed }: Reclaim): number => 1000 + (seed % 30_000);

const MS = 1_000_000;
/** As the kernel's symbols read, innermost first: a second task in the same reclaim. */
const WAITING_STACK = [
  'native_queued_spin_lock_slowpath',
  '_raw_spin_lock',
  'shrink_lock_dentry',
  'shrink_dentry_list',
  'prune_dcache_sb',
  'super_cache_scan',
  'do_shrink_slab',
];

/** A task that waits for a lock of the reclaim from a quarter of it on, to its end, on the next CPU. */
export function stallOf(node: NodePlan, one: Timed): NonNullable<NodeBatchInit['stalls']>[number] {
  const laterMs = Math.floor(one.durationNs / 4 / MS);
  return {
    kind: 'lock_contention',
    startMs: BigInt(one.startMs + laterMs),
    startMonotonicNs: one.startMonotonicNs + BigInt(laterMs * MS),
    durationNs: BigInt(one.durationNs - laterMs * MS),
    cpu: (cpuOf(node, one) + 1) % CPUS,
    cgroupId: one.payer,
    comm: one.comm,
    pid: pidOf(one) + 1,
    cause: 'dentry_reclaim',
    stack: WAITING_STACK,
  };
}
