/** Who the simulated containers are. No kube-apiserver knows them, so whoever runs the fleet tells the store. */
import type { NodePlan, PodPlan } from './plan.js';
import { cgroupId, containerId, generationsBetween, lifeAt, podName, podUid } from './pods.js';
import type { WindowRange } from './truth.js';

/** The shape of lib/store's ContainerName. */
export interface ContainerName {
  readonly podUid: string;
  readonly containerId: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Kind/name of the topmost owner. */
  readonly workload: string;
}

/** Of the containers that lived in these windows. */
export function namesOf(nodes: readonly NodePlan[], windows: WindowRange): ContainerName[] {
  return [...livedIn(nodes, windows)].map(({ name }) => name);
}

/** Of the containers that an informer would have told of since the window before. */
export function newNamesOf(nodes: readonly NodePlan[], window: number): ContainerName[] {
  const fresh = (pod: PodPlan) => {
    const now = lifeAt(pod, window)?.generation;
    return now !== undefined && (window === 0 || lifeAt(pod, window - 1)?.generation !== now) ? [now] : [];
  };
  return nodes.flatMap((node) =>
    node.pods.flatMap((pod) =>
      fresh(pod).flatMap((generation) => containersOf(node, pod, generation).map(({ name }) => name)),
    ),
  );
}

/** By boot and cgroup id (see `ownerKey`), of the containers that lived in these windows. */
export function ownersOf(nodes: readonly NodePlan[], windows: WindowRange): Map<string, ContainerName> {
  return new Map([...livedIn(nodes, windows)].map(({ key, name }) => [key, name]));
}

export const ownerKey = (bootId: string, cgroup: bigint): string => `${bootId}/${cgroup}`;

function* livedIn(nodes: readonly NodePlan[], { from, to }: WindowRange) {
  for (const node of nodes)
    for (const pod of node.pods)
      for (const generation of generationsBetween(pod, from, to)) yield* containersOf(node, pod, generation);
}

function containersOf(node: NodePlan, pod: PodPlan, generation: number) {
  const { namespace, kind, name, containers } = pod.workload;
  return containers.map((container, n) => ({
    key: ownerKey(node.bootId, cgroupId(node, pod, n, generation)),
    name: {
      podUid: podUid(node, pod, generation),
      containerId: containerId(node, pod, n, generation),
      namespace,
      pod: podName(node, pod, generation),
      container: container.name,
      workload: `${kind}/${name}`,
    },
  }));
}
