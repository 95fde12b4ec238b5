import type { ComponentChildren } from 'preact';
import type { NodeAnswer } from '@dentryscope/contracts';
import type { Snapshot } from '../data/load.js';
import type { Selection } from '../data/selection.js';
import { age, bytes, count } from '../format.js';
import { Absent } from './absent.js';
import { Growth } from './trend.js';
import { HooksTable, SlabTable } from './node-tables.js';

interface NodeDetailsProps {
  readonly snapshot: Snapshot;
  readonly selection: Selection;
  readonly leave: () => void;
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const unread = 'this node does not give the figure';
const figure = (value: number | bigint | undefined, show: (value: number | bigint) => string) =>
  value === undefined ? <Absent why={unread} /> : show(value);

function Facts({ node, now }: { node: NodeAnswer; now: number }) {
  const growth = node.dentryGrowthPerSecond;
  return (
    <dl class="facts">
      <Fact name="Dentries">{figure(node.dentries, count)}</Fact>
      <Fact name="Growth">
        {growth === undefined ? (
          <Absent why="fewer than two windows in 5 minutes" />
        ) : (
          <Growth perSecond={growth} of={node.dentries} />
        )}
      </Fact>
      <Fact name="Unused">{figure(node.dentriesUnused, count)}</Fact>
      <Fact name="Negative">{figure(node.dentriesNegative, count)}</Fact>
      <Fact name="Slab reclaimable">{figure(node.slabReclaimableBytes, bytes)}</Fact>
      <Fact name="Memory available">
        {figure(node.memAvailableBytes, bytes)} <span class="of">/ {figure(node.memTotalBytes, bytes)}</span>
      </Fact>
      <Fact name="Kernel">{node.kernelRelease ?? <Absent why="the agent does not say" />}</Fact>
      <Fact name="Windows lost">{count(node.windowsLost)}</Fact>
      <Fact name="Last seen">
        <span class={node.reporting ? '' : 'bad'}>
          {age(now - Date.parse(node.lastSeen))} ago{node.reporting ? '' : ', silent'}
        </span>
      </Fact>
    </dl>
  );
}

export function NodeDetails({ snapshot, selection, leave }: NodeDetailsProps) {
  const { node, fleet } = snapshot;
  if (!selection.node) return null;
  const current = node?.node === selection.node.node && node.cluster === selection.node.cluster;
  return (
    <section class="panel details" aria-labelledby="details-title">
      <h2 id="details-title">
        {selection.node.node} <small>{selection.node.cluster}</small>
      </h2>
      <button type="button" class="leave" onClick={leave}>
        Show the whole fleet
      </button>
      {!current && <p class="waiting">No figures of this node yet.</p>}
      {current && (
        <>
          <Facts node={node} now={Date.parse(fleet.time)} />
          {node.degraded.map((sentence) => (
            <p key={sentence} class="degraded">
              <span class="badge">degraded</span> {sentence}
            </p>
          ))}
          <div class="pair">
            <HooksTable hooks={node.hooks} />
            <SlabTable caches={node.slabCaches} />
          </div>
        </>
      )}
    </section>
  );
}
