import type { TopAnswer } from '@dentryscope/contracts';
import { TOP_LIMIT } from '../data/load.js';
import type { Snapshot } from '../data/load.js';
import { topKinds } from '../data/selection.js';
import type { Selection, TopKind } from '../data/selection.js';
import { count, percent } from '../format.js';
import { OwnerName } from './owner.js';

type Item = TopAnswer['items'][number];

const keyOf = ({ cluster, node, bootId, cgroupId }: Item) => `${cluster}/${node}/${bootId}/${cgroupId}`;

function TopRow({ item, top, withNode }: { item: Item; top: TopAnswer; withNode: boolean }) {
  const largest = Number(top.items[0]?.value ?? 1);
  return (
    <tr>
      <th scope="row">
        <OwnerName owner={item} withNode={withNode} />
        <span class="bar" style={{ width: `${(Number(item.value) / largest) * 100}%` }} aria-hidden="true" />
      </th>
      <td class="number">{count(item.value)}</td>
      <td class="number quiet">{top.total !== undefined && percent(item.value, top.total)}</td>
    </tr>
  );
}

const words = {
  makes: {
    title: 'Who makes dentries',
    column: 'Allocated',
    choice: 'Makes',
    none: 'No allocation was counted in',
  },
  holds: {
    title: 'Who holds dentries',
    column: 'Held',
    choice: 'Holds',
    none: 'No holder of dentries was seen in',
  },
} as const satisfies Record<TopKind, object>;

/** An empty answer has a reason: nothing there, or nobody who could see it. */
function NoRows({ snapshot: { selection, fleet, node } }: { snapshot: Snapshot }) {
  const unseen = (node?.hooks ?? []).filter(({ backend }) => backend === undefined);
  const missing = selection.node
    ? unseen.map(({ hook, reason }) => `${hook}: ${reason ?? 'not attached'}`)
    : fleet.missing;
  return (
    <tr>
      <td colSpan={3} class="none">
        {words[selection.top].none} the last {selection.range}.
        {missing.length > 0 && ` What could not be seen: ${missing.join('; ')}`}
      </td>
    </tr>
  );
}

interface TopTableProps {
  readonly snapshot: Snapshot;
  readonly selection: Selection;
  readonly choose: (selection: Selection) => void;
}

function TopChoice({ selection, choose }: Pick<TopTableProps, 'selection' | 'choose'>) {
  return (
    <fieldset class="ranges">
      <legend class="hidden">Whose dentries</legend>
      {topKinds.map((kind) => (
        <label key={kind}>
          <input
            type="radio"
            name="top"
            checked={selection.top === kind}
            onChange={() => choose({ ...selection, top: kind })}
          />
          <span>{words[kind].choice}</span>
        </label>
      ))}
    </fieldset>
  );
}

function TotalRow({ snapshot: { top, topError } }: { snapshot: Snapshot }) {
  return (
    <tr>
      <th scope="row">
        All cgroups{top.items.length === TOP_LIMIT && `, ${TOP_LIMIT} largest shown`}
        {topError?.total !== undefined && `; standard error ${count(topError.total)}`}
      </th>
      <td class="number">{top.total === undefined ? '–' : count(top.total)}</td>
      <td />
    </tr>
  );
}

export function TopTable({ snapshot, selection: chosen, choose }: TopTableProps) {
  const { top, selection } = snapshot;
  const where = selection.node ? `on ${selection.node.node}` : 'in the fleet';
  const { title, column } = words[selection.top];
  return (
    <section class="panel tops" aria-labelledby="tops-title">
      <div class="title-row">
        <h2 id="tops-title">
          {title}{' '}
          <small>
            cgroups {where}, {selection.top === 'makes' ? `last ${selection.range}` : 'estimated'}
          </small>
        </h2>
        <TopChoice selection={chosen} choose={choose} />
      </div>
      <div class="scroll" tabIndex={0} role="group" aria-label="Cgroups, largest first">
        <table>
          <thead>
            <tr>
              <th scope="col">Pod or cgroup</th>
              <th scope="col" class="number">
                {column}
              </th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {top.items.map((item) => (
              <TopRow key={keyOf(item)} item={item} top={top} withNode={!selection.node} />
            ))}
            {top.items.length === 0 && <NoRows snapshot={snapshot} />}
          </tbody>
          <tfoot>
            <TotalRow snapshot={snapshot} />
          </tfoot>
        </table>
      </div>
    </section>
  );
}
