import { useState } from 'preact/hooks';
import type { Failure } from './data/poll.js';
import { useLive } from './data/poll.js';
import { isOf } from './data/load.js';
import type { Snapshot } from './data/load.js';
import { token } from './data/client.js';
import { useSelection } from './data/selection.js';
import type { Selection } from './data/selection.js';
import { Charts } from './parts/charts.js';
import { Empty } from './parts/empty.js';
import { FailureBanner, Missing } from './parts/notices.js';
import { Header } from './parts/header.js';
import { NodeDetails } from './parts/node-details.js';
import { NodesTable } from './parts/nodes-table.js';
import { TokenPrompt } from './parts/token-prompt.js';
import { TopTable } from './parts/top-table.js';
import { Totals } from './parts/totals.js';

interface FiguresProps {
  readonly snapshot: Snapshot;
  readonly selection: Selection;
  readonly choose: (selection: Selection) => void;
}

function Figures({ snapshot, selection, choose }: FiguresProps) {
  const { fleet, nodes } = snapshot;
  if (fleet.nodes.total === 0) return <Empty />;
  const { range, top } = selection;
  // What is shown may still be of the choice before: dimmed until its own figures come.
  const stale = !isOf(snapshot, selection);
  return (
    <>
      <Totals fleet={fleet} />
      <Missing sentences={fleet.missing} />
      <div class="figures" aria-busy={stale}>
        <NodeDetails snapshot={snapshot} selection={selection} leave={() => choose({ range, top })} />
        <Charts snapshot={snapshot} />
        <TopTable snapshot={snapshot} selection={selection} choose={choose} />
        <NodesTable
          nodes={nodes.nodes}
          now={Date.parse(fleet.time)}
          chosen={selection.node}
          choose={(node) => choose(node ? { range, top, node } : { range, top })}
        />
      </div>
    </>
  );
}

const needsToken = (failure: Failure | undefined) => failure?.kind === 'token';

export function Page() {
  const [selection, choose] = useSelection();
  const [attempt, setAttempt] = useState(0);
  const { snapshot, failure } = useLive(selection, attempt);
  const useToken = (text: string) => {
    token.set(text);
    setAttempt(attempt + 1);
  };
  return (
    <>
      <Header selection={selection} choose={choose} receivedAt={snapshot?.receivedAt} failing={!!failure} />
      <main>
        {failure && needsToken(failure) && <TokenPrompt failure={failure} use={useToken} />}
        {failure && !needsToken(failure) && <FailureBanner failure={failure} since={snapshot?.receivedAt} />}
        {snapshot && !needsToken(failure) && (
          <Figures snapshot={snapshot} selection={selection} choose={choose} />
        )}
        {!snapshot && !failure && <p class="waiting">Asking the API…</p>}
      </main>
    </>
  );
}
