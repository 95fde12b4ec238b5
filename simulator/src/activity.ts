/** What the cgroups of one node do in one window: the model that batches are made from. */
import { containerActivity } from './container.js';
import type { ContainerActivity } from './container.js';
import { add, passed } from './counts.js';
import type { Counts } from './counts.js';
import type { FleetOptions, NodePlan, PodPlan } from './plan.js';
import { lifeAt, runtimeId } from './pods.js';
import { whole } from './random.js';
import type { Reclaim } from './reclaims.js';

export interface CgroupActivity {
  readonly id: bigint;
  readonly counts: Counts;
  /** Dentries of its own at the window's end. */
  readonly holds: number;
  /** It died in this window, with all that it held: told once more. */
  readonly gone?: boolean;
}

export interface PodEvent {
  readonly pod: PodPlan;
  readonly generation: number;
}

export interface NodeActivity {
  readonly cgroups: readonly CgroupActivity[];
  readonly reclaims: readonly Reclaim[];
  readonly living: readonly PodEvent[];
  readonly born: readonly PodEvent[];
  readonly died: readonly PodEvent[];
  /** Dentries at the window's end, and the negative ones among them. */
  readonly dentries: number;
  readonly negative: number;
  /** Every allocation and free on the node, pipes and sockets included: their difference moved `dentries`. */
  readonly allocated: number;
  readonly freed: number;
}

export function activityOf(node: NodePlan, window: number, options: FleetOptions): NodeActivity {
  const pods = node.pods.map((pod) => podActivity(node, pod, window, options));
  const containers = pods.flatMap(({ containers }) => containers);
  const runtime: CgroupActivity = runtimeActivity(node, window, containers);
  const cgroups = [runtime, ...containers.flatMap(cgroupsOf)];
  // Opened and closed within the window: in the books of the node, in nobody's cache.
  const pipes = whole(40, 400, node.seed, window, 40);
  return {
    cgroups: cgroups.filter(({ counts, holds, gone }) => gone || holds > 0 || isBusy(counts)),
    reclaims: containers.flatMap(({ reclaim }) => reclaim ?? []),
    living: pods.flatMap(({ living }) => living ?? []),
    born: pods.flatMap(({ born }) => born ?? []),
    died: pods.flatMap(({ died }) => died ?? []),
    dentries: node.baseDentries + sum(containers, ({ now }) => now.dentries),
    negative: Math.floor(node.baseDentries * 0.3) + sum(containers, ({ now }) => now.negative),
    allocated: sum(cgroups, ({ counts }) => counts.dentriesAllocated) + pipes,
    freed: sum(cgroups, ({ counts }) => counts.dentriesFreed) + pipes,
  };
}

const isBusy = ({ dentriesAllocated, dentriesFreed }: Counts) => dentriesAllocated > 0 || dentriesFreed > 0;

function cgroupsOf({ id, deadId, now, counts }: ContainerActivity): CgroupActivity[] {
  const living = id === undefined ? [] : [{ id, counts, holds: now.dentries }];
  return deadId === undefined ? living : [...living, { id: deadId, counts: add(), holds: 0, gone: true }];
}

/** It unmounts the file systems of dead containers, and so frees their dentries; operators work in it. */
function runtimeActivity(node: NodePlan, window: number, containers: readonly ContainerActivity[]) {
  const own = passed(whole(0, 60, node.seed, window, 41), 0.2);
  return { id: runtimeId(node), counts: add(own, ...containers.map(({ taken }) => taken)), holds: 0 };
}

function podActivity(node: NodePlan, pod: PodPlan, window: number, options: FleetOptions) {
  const now = lifeAt(pod, window);
  const before = lifeAt(pod, window - 1);
  const same = now?.generation === before?.generation;
  const lives = { now, before, same };
  return {
    containers: pod.workload.containers.map((_, n) =>
      containerActivity(node, pod, n, lives, window, options),
    ),
    living: now && { pod, generation: now.generation },
    born: now && !same ? { pod, generation: now.generation } : undefined,
    died: before && !same ? { pod, generation: before.generation } : undefined,
  };
}

export function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
