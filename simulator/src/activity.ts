/** What the cgroups of one node do in one window: the model that batches are made from. */
import type { FleetOptions, NodePlan, PodPlan } from './plan.js';
import { churn, held } from './load.js';
import { cgroupId, containerSeed, lifeAt, runtimeId } from './pods.js';
import type { Life } from './pods.js';
import { whole } from './random.js';

export interface CgroupActivity {
  readonly id: bigint;
  readonly allocated: number;
  readonly freed: number;
}

export interface PodEvent {
  readonly pod: PodPlan;
  readonly generation: number;
}

export interface NodeActivity {
  readonly cgroups: readonly CgroupActivity[];
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
  // It unmounts the file systems of dead containers, and so frees their dentries.
  const runtime = {
    id: runtimeId(node),
    ...runtimeActivity(
      node,
      window,
      sum(pods, (pod) => pod.reaped),
    ),
  };
  const cgroups = [runtime, ...pods.flatMap((pod) => pod.cgroups)];
  // Opened and closed within the window: in the books of the node, in nobody's cache.
  const pipes = whole(40, 400, node.seed, window, 40);
  return {
    cgroups: cgroups.filter(({ allocated, freed }) => allocated > 0 || freed > 0),
    living: pods.flatMap(({ living }) => living ?? []),
    born: pods.flatMap(({ born }) => born ?? []),
    died: pods.flatMap(({ died }) => died ?? []),
    dentries: node.baseDentries + sum(pods, (pod) => pod.dentries),
    negative: Math.floor(node.baseDentries * 0.3) + sum(pods, (pod) => pod.negative),
    allocated: sum(cgroups, (cgroup) => cgroup.allocated) + pipes,
    freed: sum(cgroups, (cgroup) => cgroup.freed) + pipes,
  };
}

function runtimeActivity(node: NodePlan, window: number, reaped: number) {
  const own = whole(0, 60, node.seed, window, 41);
  return { allocated: own, freed: own + reaped };
}

function podActivity(node: NodePlan, pod: PodPlan, window: number, options: FleetOptions) {
  const now = lifeAt(pod, window);
  const before = lifeAt(pod, window - 1);
  const same = now?.generation === before?.generation;
  const containers = pod.workload.containers.map((_, n) => {
    const held = {
      now: heldBy(pod, n, now, window, options),
      before: heldBy(pod, n, before, window - 1, options),
    };
    const grown = held.now - (same ? held.before : 0);
    const passing = now ? churn(pod.workload.containers[n]!.load, moment(pod, n, now, window, options)) : 0;
    return {
      id: now && cgroupId(node, pod, n, now.generation),
      allocated: passing + Math.max(0, grown),
      freed: passing + Math.max(0, -grown),
      dentries: held.now,
      negative: Math.floor(held.now * pod.workload.containers[n]!.load.negativeShare),
      reaped: same ? 0 : held.before,
    };
  });
  return {
    cgroups: containers.flatMap(({ id, allocated, freed }) =>
      id === undefined ? [] : { id, allocated, freed },
    ),
    living: now && { pod, generation: now.generation },
    born: now && !same ? { pod, generation: now.generation } : undefined,
    died: before && !same ? { pod, generation: before.generation } : undefined,
    dentries: sum(containers, (container) => container.dentries),
    negative: sum(containers, (container) => container.negative),
    reaped: sum(containers, (container) => container.reaped),
  };
}

function heldBy(
  pod: PodPlan,
  container: number,
  life: Life | undefined,
  window: number,
  options: FleetOptions,
) {
  if (!life) return 0;
  return held(pod.workload.containers[container]!.load, moment(pod, container, life, window, options));
}

function moment(pod: PodPlan, container: number, life: Life, window: number, options: FleetOptions) {
  const windowS = options.windowMs / 1000;
  return {
    seed: containerSeed(pod, container, life.generation),
    window,
    timeS: options.startMs / 1000 + (window + 1) * windowS,
    windowS,
    ageS: (life.age + 1) * windowS,
  };
}

export function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
