import type { TopAnswer } from '@dentryscope/contracts';
import { TOP_LIMIT } from '../data/load.js';
import type { Snapshot } from '../data/load.js';
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
      <td class="number quiet">{percent(item.value, top.total)}</td>
    </tr>
  );
}

/** An empty answer has a reason: nothing allocated, or nobody who could see it. */
function NoRows({ snapshot: { selection, fleet, node } }: { snapshot: Snapshot }) {
  const unseen = (node?.hooks ?? []).filter(({ backend }) => backend === undefined);
  const missing = selection.node
    ? unseen.map(({ hook, reason }) => `${hook}: ${reason ?? 'not attached'}`)
    : fleet.missing;
  return (
    <tr>
      <td colSpan={3} class="none">
        No allocation was counted in the last {selection.range}.
        {missing.length > 0 && ` What could not be seen: ${missing.join('; ')}`}
      </td>
    </tr>
  );
}

export function TopTable({ snapshot }: { readonly snapshot: Snapshot }) {
  const { top, selection } = snapshot;
  const where = selection.node ? `on ${selection.node.node}` : 'in the fleet';
  return (
    <section class="panel tops" aria-labelledby="tops-title">
      <h2 id="tops-title">
        Who allocates dentries{' '}
        <small>
          cgroups {where}, last {selection.range}
        </small>
      </h2>
      <div class="scroll" tabIndex={0} role="group" aria-label="Cgroups, largest first">
        <table>
          <thead>
            <tr>
              <th scope="col">Pod or cgroup</th>
              <th scope="col" class="number">
                Allocated
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
            <tr>
              <th scope="row">
                All cgroups{top.items.length === TOP_LIMIT && `, ${TOP_LIMIT} largest shown`}
              </th>
              <td class="number">{count(top.total)}</td>
              <td />
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  );
}
