/** Whose cgroup it is: by its pod where that is known, by its path otherwise. */
import type { Owner } from '@dentryscope/contracts';

interface OwnerProps {
  readonly owner: Owner;
  /** The node is named, where not every row is of the same. */
  readonly withNode: boolean;
}

interface Name {
  readonly main: string;
  readonly more: string;
}

function nameOf(owner: Owner): Name {
  const { namespace, pod, container, workload, path, cgroupId } = owner;
  if (pod !== undefined) {
    const parts = [container, workload].filter((part) => part !== undefined);
    return { main: namespace === undefined ? pod : `${namespace}/${pod}`, more: parts.join(' · ') };
  }
  if (cgroupId === '0') return { main: 'all further cgroups', more: 'the map of the agent was full' };
  return {
    main: path ?? `cgroup ${cgroupId ?? '?'}`,
    more: path === undefined ? 'its path is not known' : '',
  };
}

export function OwnerName({ owner, withNode }: OwnerProps) {
  const { main, more } = nameOf(owner);
  const where = withNode ? owner.node : undefined;
  const detail = [more, where].filter(Boolean).join(' · ');
  return (
    <div class="owner" title={owner.path ?? main}>
      <span class={main.startsWith('/') ? 'main path' : 'main'}>
        <bdi>{main}</bdi>
      </span>
      {detail && <small>{detail}</small>}
    </div>
  );
}
