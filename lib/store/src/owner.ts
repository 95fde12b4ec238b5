/** Whose figure it is: what an owner is made of at each level, the same for every store. */
import type { Dimension, Owner } from '@dentryscope/contracts';

export type OwnerField = keyof Owner;

/** Cgroup 0 holds what the agent could not keep apart. */
export const OVERFLOW_PATH = '(overflow)';

/**
 * The fields of an owner beside its cluster. Names form an owner only where the first of them is known; the rest
 * of a cluster collapses into one owner without any.
 */
export const ownerFields = {
  node: ['node'],
  namespace: ['namespace'],
  workload: ['workload', 'namespace'],
  pod: ['pod', 'namespace', 'workload'],
  container: ['container', 'namespace', 'pod', 'workload'],
  cgroup: ['cgroupId', 'node', 'bootId', 'path', 'namespace', 'workload', 'pod', 'container'],
} as const satisfies Record<Dimension, readonly OwnerField[]>;

/** Ties are broken by these, in this order, as UTF-8 bytes (ids as numbers); an owner without the field comes last. */
export const tieOrder = [
  'cluster',
  'node',
  'namespace',
  'workload',
  'pod',
  'container',
  'path',
  'bootId',
  'cgroupId',
] as const satisfies readonly OwnerField[];
