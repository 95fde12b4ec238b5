/** What a simulated agent says of itself. */
import type { NodeBatchInit } from '@dentryscope/contracts';
import type { NodePlan } from './plan.js';
import type { Platform } from './platforms.js';

/** As the agent calls them. */
const hooks = [
  'dentry_alloc',
  'dentry_free',
  'dentry_lookup',
  'dentry_unlink',
  'dentry_instantiate',
  'cgroup_life',
] as const;
/** What the slab tracepoints see. */
const slabHooks: readonly Hook[] = ['dentry_alloc', 'dentry_free'];
type Hook = (typeof hooks)[number];

const AGENT_VERSION = '0.1.0-simulated';
const REFUSED = 'fentry, kprobe and tracepoint: bpf() says EPERM; kernel lockdown is in confidentiality mode';

export function healthOf(node: NodePlan): NonNullable<NodeBatchInit['health']> {
  return {
    agentVersion: AGENT_VERSION,
    kernelRelease: node.platform.kernelRelease,
    hooks: hooks.map((name) => (node.degraded ? refused(name) : attached(node.platform, name))),
    windowsLost: 0n,
    degraded: node.degraded ? hooks.map((name) => `${name} is not measured: ${REFUSED}`) : [],
  };
}

const refused = (hook: Hook) => ({ hook, backend: '', reason: REFUSED });

/** Births and deaths of cgroups have tracepoints everywhere. */
function attached({ backend, reason }: Platform, hook: Hook) {
  if (hook === 'cgroup_life') return { hook, backend: 'tracepoint', perCgroup: true };
  const slab = backend === 'tracepoint';
  if (slab && !slabHooks.includes(hook))
    return { hook, backend: '', reason: `${reason}; tracepoint: there is none for it` };
  return { hook, backend, reason, includesPseudo: slab, perCgroup: !slab || hook === 'dentry_alloc' };
}
