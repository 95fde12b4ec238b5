/** What a simulated agent says of itself. */
import type { NodeBatchInit } from '@dentryscope/contracts';
import type { NodePlan } from './plan.js';

const AGENT_VERSION = '0.1.0-simulated';
const REFUSED = 'fentry, kprobe and tracepoint: bpf() says EPERM; kernel lockdown is in confidentiality mode';

export function healthOf(node: NodePlan): NonNullable<NodeBatchInit['health']> {
  return {
    agentVersion: AGENT_VERSION,
    kernelRelease: node.platform.kernelRelease,
    hooks: [hook(node, 'dentry_alloc'), hook(node, 'dentry_free')],
    windowsLost: 0n,
    degraded: degradedOf(node),
  };
}

function hook({ platform, degraded }: NodePlan, name: string) {
  if (degraded) return { hook: name, backend: '', reason: REFUSED };
  const slab = platform.backend === 'tracepoint';
  return {
    hook: name,
    backend: platform.backend,
    reason: platform.reason,
    includesPseudo: slab,
    perCgroup: !slab || name === 'dentry_alloc',
  };
}

function degradedOf({ platform, degraded }: NodePlan): string[] {
  if (degraded)
    return [`allocations and frees are not counted, only the node's dentry-state, slab and PSI: ${REFUSED}`];
  if (platform.backend === 'tracepoint')
    return ['dentries_freed is known for the node only: the slab tracepoint cannot tell which cgroup freed'];
  return [];
}
