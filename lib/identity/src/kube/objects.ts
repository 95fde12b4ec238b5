/** What is kept of the cluster's objects: names and ids, a hundredth of what the API server sends. */

export interface ObjectMeta {
  readonly uid: string;
  readonly name: string;
  /** Typed as optional by the client. */
  readonly namespace?: string;
  readonly resourceVersion: string;
}

export interface OwnerRef {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** Anything that can own a pod. */
export interface Owned {
  readonly metadata: ObjectMeta;
  readonly owner: OwnerRef | undefined;
}

export interface PodObject extends Owned {
  /** As the kubelet writes it into cgroup paths. */
  readonly podUid: string;
  readonly containers: readonly { readonly name: string; readonly containerId: string }[];
}

interface RawMeta {
  uid?: string;
  name?: string;
  namespace?: string;
  resourceVersion?: string;
  annotations?: Record<string, string>;
  ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
}

interface RawState {
  running?: object;
  terminated?: { containerID?: string };
}

interface RawStatus {
  name: string;
  containerID?: string;
  state?: RawState;
  lastState?: RawState;
}

interface RawPod {
  metadata?: RawMeta;
  status?: {
    containerStatuses?: RawStatus[];
    initContainerStatuses?: RawStatus[];
    ephemeralContainerStatuses?: RawStatus[];
  };
}

export function toOwned(raw: unknown): Owned {
  const metadata = (raw as { metadata?: RawMeta }).metadata ?? {};
  const controller = metadata.ownerReferences?.find((reference) => reference.controller);
  return {
    metadata: toMeta(metadata),
    owner: controller && { kind: controller.kind, name: controller.name, uid: controller.uid },
  };
}

export function toPod(raw: unknown): PodObject {
  const { metadata = {}, status = {} } = raw as RawPod;
  const owned = toOwned(raw);
  const statuses = [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  return {
    ...owned,
    // The object of a static pod is a mirror with a uid of its own; its cgroups carry the hash of the manifest.
    podUid: (metadata.annotations?.['kubernetes.io/config.mirror'] ?? owned.metadata.uid).toLowerCase(),
    containers: statuses.flatMap((one) => idsOf(one).map((containerId) => ({ name: one.name, containerId }))),
  };
}

function toMeta({ uid = '', name = '', namespace, resourceVersion = '' }: RawMeta): ObjectMeta {
  return { uid, name, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
}

/** The one that runs last, so that it is the newest. The one before it may have lived between two updates. */
function idsOf({ containerID, state, lastState }: RawStatus): string[] {
  const ids = [lastState?.terminated?.containerID, state?.terminated?.containerID, containerID];
  return [...new Set(ids.flatMap((id) => (id ? [withoutScheme(id)] : [])))];
}

/** `containerd://3f4a…` */
function withoutScheme(id: string): string {
  return id.slice(id.indexOf('://') === -1 ? 0 : id.indexOf('://') + 3);
}
