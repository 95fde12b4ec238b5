import { useState } from 'preact/hooks';
import type { Node } from '@dentryscope/contracts';
import type { Selection } from '../data/selection.js';
import { columns } from './node-columns.js';
import { NodeRow } from './node-row.js';

interface NodesTableProps {
  readonly nodes: readonly Node[];
  readonly now: number;
  readonly chosen: Selection['node'];
  readonly choose: (node: Selection['node']) => void;
}

/** Past this many, a name is found by typing. */
const MANY = 12;

/** Rows drawn unasked: the worst are first, and a browser lays a hundred out in no time. */
const DRAWN = 100;

/** Largest first; those without the figure last. */
function sorted(nodes: readonly Node[], by: string): Node[] {
  const { value } = columns.find(({ name }) => name === by) ?? columns[0]!;
  const rank = (node: Node) => value(node) ?? Number.NEGATIVE_INFINITY;
  return [...nodes].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return x === y ? 0 : y > x ? 1 : -1; // no subtraction: both may be minus infinity
  });
}

function ColumnHead({ name, by, sort }: { name: string; by: string; sort: (name: string) => void }) {
  return (
    <th scope="col" class="number" aria-sort={by === name ? 'descending' : 'none'}>
      <button type="button" onClick={() => sort(name)} title="Largest first">
        {name}
        <span aria-hidden="true">{by === name ? ' ↓' : ''}</span>
      </button>
    </th>
  );
}

function Heads({ by, sort }: { by: string; sort: (name: string) => void }) {
  return (
    <thead>
      <tr>
        <th scope="col">Node</th>
        {columns.map(({ name }) => (
          <ColumnHead key={name} name={name} by={by} sort={sort} />
        ))}
        <th scope="col">Hooks</th>
        <th scope="col" class="number">
          Last seen
        </th>
      </tr>
    </thead>
  );
}

const same = (node: Node, chosen: Selection['node']) =>
  node.cluster === chosen?.cluster && node.node === chosen.node;

export function NodesTable({ nodes, now, chosen, choose }: NodesTableProps) {
  const [by, sort] = useState(columns[0]!.name);
  const [wanted, find] = useState('');
  const [all, showAll] = useState(false);
  const found = nodes.filter(({ node }) => node.includes(wanted.trim()));
  const rows = sorted(found, by).slice(0, all ? undefined : DRAWN);
  const withCluster = new Set(nodes.map(({ cluster }) => cluster)).size > 1;
  return (
    <section class="panel nodes" aria-labelledby="nodes-title">
      <h2 id="nodes-title">
        Nodes <small>{by === 'Dentries' ? 'most dentries first' : `most ${by.toLowerCase()} first`}</small>
      </h2>
      {nodes.length > MANY && (
        <input
          type="search"
          placeholder={`find among ${nodes.length}`}
          aria-label="Find a node"
          value={wanted}
          onInput={(event) => find(event.currentTarget.value)}
        />
      )}
      <div class="scroll">
        <table>
          <Heads by={by} sort={sort} />
          <tbody>
            {rows.map((node) => {
              const isChosen = same(node, chosen);
              return (
                <NodeRow
                  key={`${node.cluster}/${node.node}`}
                  node={node}
                  now={now}
                  chosen={isChosen}
                  choose={() => choose(isChosen ? undefined : { cluster: node.cluster, node: node.node })}
                  withCluster={withCluster}
                />
              );
            })}
          </tbody>
        </table>
        {found.length > rows.length && (
          <button type="button" class="more" onClick={() => showAll(true)}>
            Show all {found.length}
          </button>
        )}
      </div>
    </section>
  );
}
