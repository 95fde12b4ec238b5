/** The fleet's make-up: which nodes there are, what runs on them, what their kernels and agents can. */
import { planBursts } from './bursts.js';
import type { Bursts } from './bursts.js';
import { hash, pick, random, uuid, whole } from './random.js';
import { leak, workloadsOf } from './workloads.js';
import type { Role, Workload } from './workloads.js';
import { platforms } from './platforms.js';
import type { Platform } from './platforms.js';

export interface FleetOptions {
  readonly nodes: number;
  /** Cgroups that a node counts at a time, its container runtime's own included. */
  readonly cgroupsPerNode: number;
  readonly seed: number;
  readonly cluster: string;
  readonly windowMs: number;
  /**
   * Unix milliseconds at which window 0 starts: see `backfilledStart`. Another start is another boot of every node, so
   * it should not lie before the end of what an earlier run published under these names, or both count.
   */
  readonly startMs: number;
  /** The wall clocks of some nodes are wrong by up to so much, fast or slow. Default 0: none is. */
  readonly maxClockSkewMs?: number;
}

/** Windows in which an agent is away: `length` of every `period`, from `from` on. */
export interface Absence {
  readonly period: number;
  readonly from: number;
  readonly length: number;
}

/** A place for a pod: one after the other lives in it. All in windows. */
export interface PodPlan {
  readonly seed: number;
  /** Number of the first of its containers on the node. */
  readonly firstContainer: number;
  readonly workload: Workload;
  /** From one pod's start to the next one's; 0: the first one stays. */
  readonly period: number;
  readonly life: number;
  /** Windows that the pod of window 0 has lived, or its place been empty. */
  readonly phase: number;
}

export interface NodePlan {
  readonly name: string;
  readonly role: Role;
  readonly seed: number;
  readonly bootId: string;
  /** How far the node's wall clock is ahead of the fleet's; negative: behind. */
  readonly clockSkewMs: number;
  readonly platform: Platform;
  /** No hook attaches: dentry-state, slab and PSI are all there is. */
  readonly degraded: boolean;
  readonly absence: Absence | undefined;
  readonly bursts: Bursts | undefined;
  readonly memTotalBytes: number;
  /** Dentries outside of any pod: they stay. */
  readonly baseDentries: number;
  readonly pods: readonly PodPlan[];
}

/** The first five nodes show every kind, so that a small fleet is a believable one too. */
const rolesByIndex: readonly Role[] = [
  'db',
  'batch',
  'web',
  'quiet',
  'batch',
  'db',
  'web',
  'quiet',
  'web',
  'db',
];
const LEAKING = 2;
const DEGRADED = 3;
const VANISHING = 4;
const VANISHING_EVERY = 17;
const SKEWED = 2;
const SKEWED_EVERY = 4;
const HOUR_S = 3600;

export function planNodes(options: FleetOptions): readonly NodePlan[] {
  const seen: Record<Role, number> = { db: 0, batch: 0, web: 0, quiet: 0 };
  return Array.from({ length: options.nodes }, (_, index) => {
    const role = rolesByIndex[index % rolesByIndex.length]!;
    const name = `${role}-${String(++seen[role]).padStart(2, '0')}.sim`;
    return planNode(options, index, role, name);
  });
}

function planNode(options: FleetOptions, index: number, role: Role, name: string): NodePlan {
  const seed = hash(options.seed, index);
  return {
    name,
    role,
    seed,
    bootId: uuid('boot', options.cluster, options.seed, options.startMs, name),
    clockSkewMs: index % SKEWED_EVERY === SKEWED ? planSkew(seed, options) : 0,
    platform: index < platforms.length ? platforms[index]! : pick(platforms, seed, 13),
    degraded: index === DEGRADED,
    absence: index % VANISHING_EVERY === VANISHING ? planAbsence(seed) : undefined,
    bursts: planBursts(index, seed),
    memTotalBytes: { db: 768, batch: 384, web: 192, quiet: 64 }[role] * 2 ** 30,
    baseDentries: whole(60_000, 200_000, seed, 10),
    pods: planPods(options, index === LEAKING ? [leak, ...workloadsOf[role]] : workloadsOf[role], seed),
  };
}

/** At least half of the most: a skew that is planted shows. Ahead and behind are equally likely. */
function planSkew(seed: number, { maxClockSkewMs: most = 0 }: FleetOptions): number {
  const size = whole(Math.ceil(most / 2), most, seed, 15);
  return hash(seed, 16) % 2 === 0 ? size : -size;
}

/** Away once in every 90 windows: the 15 minutes that a first look shows hold one. */
function planAbsence(seed: number): Absence {
  return { period: 90, from: whole(20, 70, seed, 11), length: whole(4, 12, seed, 12) };
}

/** One cgroup is the container runtime's; a pod whose containers don't all fit is cut short. */
function planPods(
  options: FleetOptions,
  workloads: readonly Workload[],
  nodeSeed: number,
): readonly PodPlan[] {
  const pods: PodPlan[] = [];
  let left = options.cgroupsPerNode - 1;
  for (let n = 0; left > 0; n++) {
    // A leak is planted once.
    const repeated = workloads.filter((workload) => n < workloads.length || workload !== leak);
    const workload = repeated[n % repeated.length]!;
    const containers = workload.containers.slice(0, left);
    const firstContainer = options.cgroupsPerNode - 1 - left;
    pods.push(planPod({ ...workload, containers }, hash(nodeSeed, 20, n), firstContainer, options.windowMs));
    left -= containers.length;
  }
  return pods;
}

function planPod(workload: Workload, seed: number, firstContainer: number, windowMs: number): PodPlan {
  const windows = (seconds: number) => Math.max(1, Math.round((seconds * 1000) / windowMs));
  const place = { seed, workload, firstContainer };
  if (!workload.lifeSeconds)
    return { ...place, period: 0, life: 0, phase: windows((2 + 6 * random(seed, 1)) * HOUR_S) };
  const [least, most] = workload.lifeSeconds;
  const life = windows(whole(least, most, seed, 2));
  const period = life + windows(whole(0, 120, seed, 3));
  return { ...place, period, life, phase: whole(1, period, seed, 4) };
}
