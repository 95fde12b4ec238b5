import type { ComponentChildren } from 'preact';
import type { FleetAnswer } from '@dentryscope/contracts';
import { count, percent } from '../format.js';
import { Absent } from './absent.js';
import { Growth } from './trend.js';

interface TotalProps {
  readonly name: string;
  readonly children: ComponentChildren;
  readonly note?: ComponentChildren;
}

function Total({ name, children, note }: TotalProps) {
  return (
    <div class="total">
      <dt>{name}</dt>
      <dd>
        {children}
        {note && <small>{note}</small>}
      </dd>
    </div>
  );
}

function NodeCounts({ nodes }: Pick<FleetAnswer, 'nodes'>) {
  return (
    <>
      {nodes.silent > 0 && <span class="bad">{count(nodes.silent)} silent</span>}
      {nodes.silent > 0 && nodes.degraded > 0 && ' · '}
      {nodes.degraded > 0 && <span class="warn">{count(nodes.degraded)} degraded</span>}
      {nodes.silent + nodes.degraded === 0 && 'none silent, none degraded'}
    </>
  );
}

const none = 'no reporting node gives this figure';

export function Totals({ fleet: { nodes, dentries } }: { readonly fleet: FleetAnswer }) {
  const { total, unused, negative, growthPerSecond } = dentries;
  const ofAll = (part: number | bigint) => total !== undefined && `${percent(part, total)} of all`;
  return (
    <dl class="totals" aria-label="The fleet">
      <Total name="Nodes reporting" note={<NodeCounts nodes={nodes} />}>
        {count(nodes.reporting)} <span class="of">/ {count(nodes.total)}</span>
      </Total>
      <Total name="Dentries">{total === undefined ? <Absent why={none} /> : count(total)}</Total>
      <Total name="Growth" note="over 5 minutes">
        {growthPerSecond === undefined ? (
          <Absent why="no node has two windows yet" />
        ) : (
          <Growth perSecond={growthPerSecond} of={total} />
        )}
      </Total>
      <Total name="Unused" note={unused !== undefined && ofAll(unused)}>
        {unused === undefined ? <Absent why={none} /> : count(unused)}
      </Total>
      <Total name="Negative" note={negative !== undefined && ofAll(negative)}>
        {negative === undefined ? <Absent why={`${none}: Linux counts them since 5.0`} /> : count(negative)}
      </Total>
    </dl>
  );
}
