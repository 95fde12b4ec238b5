/** A simulated node's procfs: gauges that follow from its dentries, and PSI that follows from its load. */
import type { NodeBatchInit } from '@dentryscope/contracts';
import type { NodeActivity } from './activity.js';
import type { FleetOptions, NodePlan } from './plan.js';
import { between } from './random.js';

/** sizeof(struct dentry) and of ext4's inode, as /proc/slabinfo of x86-64 kernels shows them. */
const DENTRY_BYTES = 192;
const EXT4_INODE_BYTES = 1096;
/** Slabs are never quite full. */
const SLAB_SLACK = 1.02;
/** Allocations a second at which a node is taken to be busy, for PSI. */
const BUSY_PER_SECOND = 20_000;

type State = NonNullable<NodeBatchInit['state']>;

export function stateOf(
  node: NodePlan,
  window: number,
  options: FleetOptions,
  activity: NodeActivity,
): State {
  const { dentries, negative } = activity;
  const inodes = Math.floor((dentries - negative) * 0.8);
  const reclaimable = slabBytes(dentries, DENTRY_BYTES) + slabBytes(inodes, EXT4_INODE_BYTES);
  return {
    nrDentry: BigInt(dentries),
    // Dentries in use are few: open files and their parents.
    nrUnused: BigInt(dentries - Math.floor((dentries - negative) * 0.05)),
    nrNegative: BigInt(negative),
    slabCaches: [slab('dentry', dentries, DENTRY_BYTES), slab('ext4_inode_cache', inodes, EXT4_INODE_BYTES)],
    memTotalBytes: BigInt(node.memTotalBytes),
    memAvailableBytes: BigInt(availableBytes(node, window)),
    slabReclaimableBytes: BigInt(reclaimable),
    slabUnreclaimableBytes: BigInt(Math.floor(node.memTotalBytes * 0.004)),
    vfsCachePressure: node.role === 'db' ? 50 : 100,
    ...pressure(node, window, options, activity),
    ...(node.degraded
      ? {}
      : {
          dentriesAllocated: BigInt(activity.allocated),
          dentriesFreed: BigInt(activity.freed),
          dentriesUnexplained: 0n,
          // None of them dies, so nothing about them is estimated.
          dentriesBeforeAgentEstimate: BigInt(node.baseDentries),
          dentriesBeforeAgentStandardError: 0n,
        }),
  };
}

const slabBytes = (objects: number, objectBytes: number) => Math.ceil(objects * SLAB_SLACK) * objectBytes;

function slab(name: string, active: number, objectBytes: number) {
  return {
    name,
    activeObjects: BigInt(active),
    totalObjects: BigInt(Math.ceil(active * SLAB_SLACK)),
    objectBytes: BigInt(objectBytes),
  };
}

function availableBytes(node: NodePlan, window: number): number {
  return Math.floor(node.memTotalBytes * between(0.36, 0.4, node.seed, window, 50));
}

/** Stall time in this window; a window of D holds at most D of it. */
function pressure(node: NodePlan, window: number, options: FleetOptions, activity: NodeActivity) {
  const windowNs = options.windowMs * 1_000_000;
  const busy = Math.min(1, activity.allocated / (options.windowMs / 1000) / BUSY_PER_SECOND);
  const ns = (share: number, key: number) =>
    BigInt(Math.floor(windowNs * Math.min(1, share * between(0.5, 1.5, node.seed, window, key))));
  const io = ns(0.08 * busy, 51);
  return {
    psiCpuSomeNs: ns(0.12 * busy, 52),
    psiMemorySomeNs: 0n,
    psiMemoryFullNs: 0n,
    psiIoSomeNs: io,
    psiIoFullNs: io / 3n,
  };
}
