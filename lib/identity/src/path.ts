/** Who a cgroup belongs to, as far as its path says it. */

export interface CgroupOwner {
  /** Lower case, with dashes where it is a UUID; of a static pod the 32 hex digits of its manifest's hash. */
  readonly podUid?: string;
  readonly containerId?: string;
  /** `containerd`, `cri-o`, `docker` or `podman`, where the path says it. */
  readonly runtime?: string;
  /** The innermost systemd unit (service, scope, slice, …) that is not itself a pod or container. */
  readonly unit?: string;
}

/** `pod<uid>` (cgroupfs driver) or `…-pod<uid>.slice` (systemd driver, which turns the uid's dashes into underscores). */
const POD =
  /(?:^|-)pod(?<uid>[0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/i;
/** `cri-containerd-<id>.scope`, `libpod-<id>`, …; the conmon scopes are monitors beside a container, not in it. */
const PREFIXED =
  /^(?<prefix>cri-containerd|nerdctl|crio|docker|libpod|libpod-payload)-(?<id>[0-9a-f]{12,64})(?:\.scope)?$/;
/** `<slice or parent>:<prefix>:<id>`: what runc makes of a systemd path under the cgroupfs driver. */
const COLONS = /^(?<parent>[^:]*):(?<prefix>[a-z-]+):(?<id>[0-9a-f]{12,64})$/;
const BARE_LONG = /^[0-9a-f]{64}$/;
const BARE = /^[0-9a-f]{12,64}$/;
const UNIT = /^[^/]+\.(?:service|scope|slice|mount|swap|socket|timer|machine)$/;

const RUNTIMES: Readonly<Record<string, string>> = {
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  crio: 'cri-o',
  docker: 'docker',
  libpod: 'podman',
  'libpod-payload': 'podman',
};

/**
 * Reads a cgroup's path segment by segment; the innermost pod and container count, so that a pod on a node that is
 * itself a container (kind, minikube, k3d) is told from its node. Never throws; what says nothing yields {}.
 *
 * Sources: kubelet `pkg/kubelet/cm/pod_container_manager_linux.go`, runc `libcontainer/cgroups/systemd`, and the
 * cgroup parents of containerd, CRI-O, Docker and podman.
 */
export function parseCgroupPath(path: string): CgroupOwner {
  let owner: CgroupOwner = {};
  let parent = '';
  for (const segment of path.split('/')) {
    if (segment === '') continue;
    owner = step(owner, segment, parent);
    parent = segment;
  }
  return owner;
}

function step(owner: CgroupOwner, segment: string, parent: string): CgroupOwner {
  const podUid = podUidOf(segment);
  // A pod starts afresh: what contains it is the node.
  if (podUid) return { podUid };
  const container = containerOf(segment, parent);
  if (container) return { ...(owner.podUid ? { podUid: owner.podUid } : {}), ...container };
  return UNIT.test(segment) ? { ...owner, unit: segment } : owner;
}

function podUidOf(segment: string): string | undefined {
  return POD.exec(segment)?.groups?.['uid']?.toLowerCase().replaceAll('_', '-');
}

function containerOf(segment: string, parent: string): CgroupOwner | undefined {
  const prefixed = PREFIXED.exec(segment)?.groups;
  if (prefixed) return named(prefixed['id']!, prefixed['prefix']!);
  const colons = COLONS.exec(segment)?.groups;
  if (colons) {
    const podUid = podUidOf(colons['parent']!);
    return { ...(podUid ? { podUid } : {}), ...named(colons['id']!, colons['prefix']!) };
  }
  // A short id is believed only where a parent announces containers; 64 hex digits are one anywhere (ECS, nerdctl, …).
  if (parent === 'docker' && BARE.test(segment)) return named(segment, 'docker');
  if (podUidOf(parent) && BARE.test(segment)) return { containerId: segment };
  return BARE_LONG.test(segment) ? { containerId: segment } : undefined;
}

function named(containerId: string, prefix: string): CgroupOwner {
  const runtime = RUNTIMES[prefix];
  return { containerId, ...(runtime ? { runtime } : {}) };
}
