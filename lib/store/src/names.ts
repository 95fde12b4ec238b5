/** What is known of containers and pods, ready to be stored under one key each. */
import type { ContainerName } from './types.js';

export interface NamedKey {
  readonly kind: 'container' | 'pod';
  /** Container id or pod uid. */
  readonly id: string;
  readonly name: Omit<ContainerName, 'podUid' | 'containerId'>;
}

/**
 * A container's name also tells its pod's, so that a cgroup of the pod that is none of its containers (its own
 * slice, the sandbox) has an owner. Of the same container the last name counts.
 */
export function namedKeys(names: readonly ContainerName[]): NamedKey[] {
  const keys = new Map<string, NamedKey>();
  const put = (kind: NamedKey['kind'], id: string, name: NamedKey['name']) => {
    if (id !== '') keys.set(`${kind} ${id}`, { kind, id, name });
  };
  for (const { podUid, containerId, ...name } of names) {
    put('pod', podUid, { ...name, container: '' });
    put('container', containerId, name);
  }
  return [...keys.values()];
}
