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

/** What an owner of everything that is known is at a level. */
export function ownerAt(by: Dimension, all: Owner): Owner {
  const fields: readonly OwnerField[] = ownerFields[by];
  if (all[fields[0]!] === undefined) return { cluster: all.cluster };
  const known = fields.filter((field) => all[field] !== undefined);
  return Object.fromEntries([
    ['cluster', all.cluster],
    ...known.map((field) => [field, all[field]]),
  ]) as Owner;
}

export function compareOwners(a: Owner, b: Owner): number {
  for (const field of tieOrder) {
    const order = compare(a[field], b[field], field === 'cgroupId');
    if (order !== 0) return order;
  }
  return 0;
}

function compare(a: string | undefined, b: string | undefined, numbers: boolean): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  if (numbers) return BigInt(a) < BigInt(b) ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
