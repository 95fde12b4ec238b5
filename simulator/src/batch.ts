/** One node's NodeBatch of one window, as its agent would have published it. */
import { createBatch } from '@dentryscope/contracts';
import type { NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import { activityOf } from './activity.js';
import type { CgroupActivity, NodeActivity, PodEvent } from './activity.js';
import { healthOf } from './health.js';
import type { FleetOptions, NodePlan } from './plan.js';
import { cgroupId, containerId, containerPath, hierarchyOf, podUid, runtimeId } from './pods.js';
import { presentAt, seqAt } from './presence.js';
import { stateOf } from './state.js';

/** An agent says all its living cgroups again after this time. */
const ALL_INFOS_EVERY_MS = 300_000;

/** @returns undefined where the agent was away in this window */
export function batchOf(node: NodePlan, window: number, options: FleetOptions): NodeBatch | undefined {
  if (!presentAt(node.absence, window)) return undefined;
  const activity = activityOf(node, window, options);
  const windowStartMs = options.startMs + window * options.windowMs;
  return createBatch({
    cluster: options.cluster,
    node: node.name,
    bootId: node.bootId,
    seq: BigInt(seqAt(node.absence, window)),
    windowStartMs: BigInt(windowStartMs),
    windowEndMs: BigInt(windowStartMs + options.windowMs),
    windowDurationNs: BigInt(options.windowMs) * 1_000_000n,
    state: stateOf(node, window, options, activity),
    ...(node.degraded ? {} : { cgroups: columns(node, activity.cgroups) }),
    cgroupInfos: infos(node, window, options, activity),
    health: healthOf(node),
  });
}

/** Frees reach the slab tracepoint from RCU callbacks: who freed can't be told there, so the column is absent. */
function columns(node: NodePlan, cgroups: readonly CgroupActivity[]): NonNullable<NodeBatchInit['cgroups']> {
  const frees = node.platform.backend !== 'tracepoint';
  const counted = frees ? cgroups : cgroups.filter(({ allocated }) => allocated > 0);
  return {
    ids: counted.map(({ id }) => id),
    dentriesAllocated: counted.map(({ allocated }) => BigInt(allocated)),
    dentriesFreed: frees ? counted.map(({ freed }) => BigInt(freed)) : [],
  };
}

type Infos = NonNullable<NodeBatchInit['cgroupInfos']>;

function infos(node: NodePlan, window: number, options: FleetOptions, activity: NodeActivity): Infos {
  const every = Math.max(1, Math.round(ALL_INFOS_EVERY_MS / options.windowMs));
  const restarted = window === 0 || !presentAt(node.absence, window - 1);
  const all = restarted || window % every === 0;
  const of = (events: readonly PodEvent[], removed: boolean) =>
    events.flatMap((event) => podInfos(node, event, removed));
  return [
    ...(all
      ? [
          {
            id: runtimeId(node),
            path: '/system.slice/containerd.service',
            hierarchy: hierarchyOf(node.platform),
          },
        ]
      : []),
    // An agent that was away never saw them.
    ...(restarted ? [] : of(activity.died, true)),
    ...of(all ? activity.living : activity.born, false),
  ];
}

function podInfos(node: NodePlan, { pod, generation }: PodEvent, removed: boolean): Infos {
  const uid = podUid(node, pod, generation);
  return pod.workload.containers.map((_, n) => {
    const container = containerId(node, pod, n, generation);
    return {
      id: cgroupId(node, pod, n, generation),
      path: containerPath(node.platform, uid, container),
      hierarchy: hierarchyOf(node.platform),
      podUid: uid,
      containerId: container,
      removed,
    };
  });
}
