import type { Node } from '@dentryscope/contracts';
import { age } from '../format.js';
import { Absent } from './absent.js';
import { columns } from './node-columns.js';

interface NodeRowProps {
  readonly node: Node;
  /** By the clock of the API. */
  readonly now: number;
  readonly chosen: boolean;
  readonly choose: () => void;
  readonly withCluster: boolean;
}

/** The backends of a node's counters in one word or two; the details name each hook, those that count nothing too. */
function Backends({ hooks }: Pick<Node, 'hooks'>) {
  if (hooks.length === 0) return <Absent why="this node sends no hooks: it counts nothing per cgroup" />;
  const counting = hooks.filter(({ hook }) => hook !== 'cgroup_life');
  const found = [...new Set(counting.map(({ backend }) => backend ?? 'none'))];
  const each = hooks.map(
    ({ hook, backend, reason }) => `${hook}: ${backend ?? 'none'}${reason ? ` (${reason})` : ''}`,
  );
  return (
    <span class={found.includes('none') ? 'warn' : ''} title={each.join('\n')}>
      {found.join(' + ')}
    </span>
  );
}

function Degraded({ degraded }: Pick<Node, 'degraded'>) {
  if (degraded.length === 0) return null;
  const why = degraded.join('\n');
  return (
    <span class="badge" title={why} aria-label={`degraded: ${why}`} role="img">
      degraded
    </span>
  );
}

/** Who marks a figure to copy it does not mean to choose the node. */
const isMarking = () => getSelection()?.isCollapsed === false;

export function NodeRow({ node, now, chosen, choose, withCluster }: NodeRowProps) {
  const seen = age(now - Date.parse(node.lastSeen));
  return (
    <tr
      class={`${chosen ? 'chosen' : ''} ${node.reporting ? '' : 'silent'}`}
      onClick={() => isMarking() || choose()}
    >
      <th scope="row">
        <button type="button" aria-pressed={chosen} class="name">
          {withCluster && <small>{node.cluster}/</small>}
          {node.node}
        </button>
        <Degraded degraded={node.degraded} />
      </th>
      {columns.map(({ name, cell }) => (
        <td key={name} class="number">
          {cell(node)}
        </td>
      ))}
      <td class="hooks">
        <Backends hooks={node.hooks} />
      </td>
      <td class="number seen" title={node.lastSeen}>
        {node.reporting ? seen : <span class="bad">silent {seen}</span>}
      </td>
    </tr>
  );
}
