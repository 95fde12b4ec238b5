/** Reclaim of dentries in a window: the calls, as columns of who paid and as events where they were long. */
import { reclaimKinds } from '@dentryscope/contracts';
import type { CgroupColumn, NodeBatchInit, ReclaimKind } from '@dentryscope/contracts';
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

export function reclaimEvents(
  node: NodePlan,
  reclaims: readonly Reclaim[],
  window: number,
  { startMs, windowMs }: FleetOptions,
): NonNullable<NodeBatchInit['reclaims']> {
  return reclaims
    .filter((one) => durationNs(one, window) >= SLOW_NS)
    .map((one) => {
      const ns = durationNs(one, window);
      const lastsMs = Math.min(windowMs, Math.ceil(ns / 1e6));
      // It rides in the window in which it ended.
      const intoMs = whole(0, windowMs - lastsMs, one.seed, window, 2);
      const sinceStartMs = window * windowMs + intoMs;
      return {
        kind: one.kind,
        startMs: BigInt(startMs + sinceStartMs),
        startMonotonicNs: BigInt(3_600_000 + sinceStartMs) * 1_000_000n,
        durationNs: BigInt(ns),
        freed: BigInt(one.freed),
        superblock: `0:${64 + (one.seed % 4000)}`,
        filesystem: 'overlay',
        cpu: hash(node.seed, one.seed) % 64,
        cgroupId: one.payer,
        ...(one.shrunk === undefined ? {} : { shrunkCgroupId: one.shrunk }),
        comm: one.comm,
        pid: 1000 + (one.seed % 30_000),
      };
    });
}
