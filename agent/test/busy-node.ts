/**
 * A day of a busy database node with 250 cgroups, as its agent would have spooled it: the simulator's window, and every
 * column that a real agent has beside those (scheduler, locks, throttling, PSI, ages, histograms, shrinkers, jitter).
 * A window is a function of its number. PSI and throttling come in microseconds from the kernel, hence thousands of ns.
 */
import { createBatch } from '@dentryscope/contracts';
import type { NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import { ageBoundsSeconds, waitBoundsNs } from '@dentryscope/native';
import { createFleet } from '@dentryscope/simulator';
import { mulberry32 } from '../../scripts/lib/random.mjs';

export const WINDOW_MS = 10_000;
const CGROUPS = 250;
const CPUS = 64;

type Random = () => number;
type Cgroups = NonNullable<NodeBatch['cgroups']>;

export interface BusyNode {
  readonly name: string;
  readonly bootId: string;
  window(n: number): NodeBatch;
}

export function busyNode(startMs: number, seed = 20261124): BusyNode {
  const fleet = createFleet({
    ...{ nodes: 1, cgroupsPerNode: CGROUPS, seed, cluster: 'spool', windowMs: WINDOW_MS, startMs },
  });
  const [node] = fleet.nodes;
  return { name: node!.name, bootId: node!.bootId, window: (n) => full(fleet.window(n)[0]!, n, seed) };
}

/** Mostly near the mean, sometimes far above it, as times in a kernel are. */
const about = (random: Random, mean: number) =>
  Math.max(0, Math.floor(mean * Math.exp((random() + random() + random() - 1.5) * 1.4)));

function full(batch: NodeBatch, n: number, seed: number): NodeBatch {
  const random = mulberry32(seed ^ Math.imul(n + 1, 0x9e3779b1));
  const cgroups = batch.cgroups!;
  const levels = cgroups.dentriesAllocated.map((made) => 30 + Math.sqrt(Number(made)) * 20);
  const waits = levels.map((level) => histogram(random, about(random, level)));
  return createBatch({
    ...plain(batch),
    state: { ...plain(batch.state!), ...nodeFigures(random) },
    cgroups: { ...plain(cgroups), ...scheduling(random, levels, waits), ...files(random, levels) },
    liveAges: liveAges(cgroups, n),
    runQueue: { ids: cgroups.ids, boundsNs: [...waitBoundsNs], waits: waits.flat().map(BigInt) },
    health: { ...plain(batch.health!), hooks: [...batch.health!.hooks, ...moreHooks] },
  } as NodeBatchInit);
}

/** @param levels who makes many dentries runs much: some thousands of waits a window, others a few dozen */
function scheduling(random: Random, levels: readonly number[], waits: readonly number[][]) {
  const counts = waits.map((row) => row.reduce((a, b) => a + b, 0));
  const locks = levels.map((level) => (random() < 0.5 ? about(random, level / 20) : 0));
  return {
    directReclaimEvents: levels.map(() => 0n),
    directReclaimNs: levels.map(() => 0n),
    runQueueWaits: counts.map(BigInt),
    runQueueLatencyNs: counts.map((count) => BigInt(about(random, 60_000 * count))),
    lockContentions: locks.map(BigInt),
    lockContentionNs: locks.map((count) => BigInt(about(random, 4_000 * count))),
  };
}

function files(random: Random, levels: readonly number[]) {
  const some = (share: number, meanUs: number) =>
    levels.map((level) =>
      random() < share ? BigInt(about(random, meanUs * Math.sqrt(level / 100))) * 1000n : 0n,
    );
  const [memory, io] = [some(0.02, 400), some(0.35, 3_000)];
  return {
    cpuThrottledNs: some(0.1, 20_000),
    psiCpuSomeNs: some(0.8, 5_000),
    psiMemorySomeNs: memory,
    psiMemoryFullNs: memory.map((ns) => (ns / 2000n) * 1000n),
    psiIoSomeNs: io,
    psiIoFullNs: io.map((ns) => (ns / 3000n) * 1000n),
  };
}

/** A message without its type: fields to make another of. */
const plain = <T extends { $typeName: string }>({ $typeName: _, ...fields }: T) => fields;

/**
 * 16 buckets from 16 us on. Most waits are shorter than that (65 to 90 of 100 in the windows of the machine that this was
 * written on), and each further bucket has about half of what is left.
 */
function histogram(random: Random, count: number): number[] {
  const row = new Array<number>(waitBoundsNs.length + 1).fill(0);
  let left = count;
  for (let i = 0; left > 0; i = Math.min(i + 1, row.length - 1)) {
    const share = i === 0 ? 0.65 + 0.25 * random() : 0.4 + 0.2 * random();
    const here = i === row.length - 1 ? left : Math.min(left, Math.ceil(left * share));
    row[i]! += here;
    left -= here;
  }
  return row;
}

/** The sample's weight times whole numbers; what is old changes seldom. */
function liveAges({ ids, liveDentriesEstimate }: Cgroups, n: number) {
  const weight = liveDentriesEstimate.reduce(greatest, 0n) || 1n;
  const dentries = liveDentriesEstimate.flatMap((live) => {
    const samples = Number(live / weight);
    const parts = [0.02, 0.08, 0.2, 0.3, 0.3].map((share, i) =>
      Math.floor(samples * share * (1 + 0.1 * Math.sin(n / 6 ** (i + 1) + i))),
    );
    const rest = Math.max(0, samples - parts.reduce((a, b) => a + b, 0));
    return [...parts, rest].map((part) => BigInt(part) * weight);
  });
  return { ids, boundsSeconds: ageBoundsSeconds.map(BigInt), dentries };
}

const greatest = (a: bigint, b: bigint): bigint => (b === 0n ? a : greatest(b, a % b));

const shrinkers = ['super_cache_scan', 'workingset_node', 'deferred_split_scan', 'zs_shrinker_scan'];
const caches = [
  'dentry',
  'ext4_inode_cache',
  'inode_cache',
  'proc_inode_cache',
  'sock_inode_cache',
  'xfs_inode',
];

function nodeFigures(random: Random) {
  const some = (mean: number) => BigInt(about(random, mean));
  const jitter = Array.from({ length: CPUS }, () => some(90_000));
  return {
    ...{ softlockups: 0n, hardlockups: 0n, rcuStalls: 0n, hungTasks: 0n },
    timerJitterMaxNs: jitter.reduce((a, b) => (a > b ? a : b)),
    timerJitterNsByCpu: jitter,
    slabCaches: caches.map((name) => {
      const activeObjects = some(3_000_000);
      return { name, activeObjects, totalObjects: activeObjects + some(20_000), objectBytes: 192n };
    }),
    shrinkers: shrinkers.map((name) => {
      return { name, calls: some(40), ns: some(900_000), scanned: some(5_000), freed: some(2_000) };
    }),
  };
}

const reason = 'fentry: bpf() says EINVAL; kprobe: perf_event_open says EPERM';
const moreHooks = [
  ...['reclaim_prune', 'reclaim_remount', 'reclaim_umount', 'reclaim_freed', 'direct_reclaim', 'shrink_slab'],
  ...['run_queue', 'lock_contention'],
].map((hook) => ({ hook, backend: 'tracepoint', reason, perCgroup: true }));
