/** One node's NodeBatch of one window, as its agent would have published it. */
import { createBatch } from '@dentryscope/contracts';
import type { NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import { activityOf } from './activity.js';
import type { NodeActivity, PodEvent } from './activity.js';
import { sum } from './activity.js';
import { counters } from './counts.js';
import { estimate, shiftFor } from './holders.js';
import { healthOf } from './health.js';
import type { FleetOptions, NodePlan } from './plan.js';
import { cgroupId, containerId, containerPath, hierarchyOf, podUid, runtimeId } from './pods.js';
import { presentAt, seqAt } from './presence.js';
import { reclaimColumns, reclaimEvents, slowReclaims } from './reclaims.js';
import { stallEvents } from './stalls.js';
import { stateOf } from './state.js';

/** An agent says all its living cgroups again after this time. */
const ALL_INFOS_EVERY_MS = 300_000;

/** @returns undefined where the agent was away in this window */
export function batchOf(node: NodePlan, window: number, options: FleetOptions): NodeBatch | undefined {
  if (!presentAt(node.absence, window)) return undefined;
  const activity = activityOf(node, window, options);
  const windowStartMs = options.startMs + node.clockSkewMs + window * options.windowMs;
  return createBatch({
    cluster: options.cluster,
    node: node.name,
    bootId: node.bootId,
    seq: BigInt(seqAt(node.absence, window)),
    windowStartMs: BigInt(windowStartMs),
    windowEndMs: BigInt(windowStartMs + options.windowMs),
    windowDurationNs: BigInt(options.windowMs) * 1_000_000n,
    state: stateOf(node, window, options, activity),
    ...(node.degraded ? {} : { cgroups: columns(node, window, activity) }),
    ...(seesWho(node) ? events(node, window, options, activity) : {}),
    cgroupInfos: infos(node, window, options, activity),
    health: healthOf(node),
  });
}

function events(node: NodePlan, window: number, options: FleetOptions, { reclaims }: NodeActivity) {
  const slow = slowReclaims(node, reclaims, window, options);
  return { reclaims: reclaimEvents(node, slow), stalls: stallEvents(node, slow, window, options) };
}

/** The slab tracepoints see that a dentry is made and freed, but not what becomes of it, nor who frees it. */
const seesWho = ({ degraded, platform }: NodePlan) => !degraded && platform.backend !== 'tracepoint';

/** An agent that was away does not know who held dentries, and died, before. */
const restartedAt = ({ absence }: NodePlan, window: number) =>
  window === 0 || !presentAt(absence, window - 1);

function columns(
  node: NodePlan,
  window: number,
  activity: NodeActivity,
): NonNullable<NodeBatchInit['cgroups']> {
  const restarted = restartedAt(node, window);
  const cgroups = activity.cgroups.filter(
    ({ counts, holds, gone }) =>
      (gone && !restarted) || holds > 0 || (!gone && (seesWho(node) || counts.dentriesAllocated > 0)),
  );
  const ids = cgroups.map(({ id }) => id);
  const seen = seesWho(node) ? counters : (['dentriesAllocated'] as const);
  const counted = seen.map((name) => [name, cgroups.map(({ counts }) => BigInt(counts[name]))]);
  const shift = shiftFor(sum(cgroups, ({ holds }) => holds));
  const held = cgroups.map((cgroup) => estimate(cgroup, shift));
  return {
    ids,
    ...Object.fromEntries(counted),
    ...(seesWho(node) ? reclaimColumns(ids, activity.reclaims, window) : {}),
    liveDentriesEstimate: held.map(({ dentries }) => dentries),
    liveDentriesStandardError: held.map(({ standardError }) => standardError),
  };
}

type Infos = NonNullable<NodeBatchInit['cgroupInfos']>;

function infos(node: NodePlan, window: number, options: FleetOptions, activity: NodeActivity): Infos {
  const every = Math.max(1, Math.round(ALL_INFOS_EVERY_MS / options.windowMs));
  const restarted = restartedAt(node, window);
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
