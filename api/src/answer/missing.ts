/** What an answer about the fleet lacks, and why: one sentence each, the gravest first. */
import type { Node } from '@dentryscope/contracts';

const NAMED = 5;

function names(nodes: readonly Node[]): string {
  const shown = nodes.slice(0, NAMED).map(({ node }) => node);
  const more = nodes.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const count = (nodes: readonly Node[], one: string, many: string) =>
  `${nodes.length} ${nodes.length === 1 ? one : many}`;

function silent(nodes: readonly Node[]): string[] {
  const gone = nodes.filter(({ reporting }) => !reporting);
  if (gone.length === 0) return [];
  return [`${count(gone, 'node is', 'nodes are')} silent and not in the totals: ${names(gone)}.`];
}

/** By hook: the counter of a hook that did not attach is absent for the whole node. */
function unattached(nodes: readonly Node[]): string[] {
  const byHook = new Map<string, Node[]>();
  for (const node of nodes)
    for (const { hook, backend } of node.hooks)
      if (backend === undefined) byHook.set(hook, [...(byHook.get(hook) ?? []), node]);
  return [...byHook].map(
    ([hook, lacking]) =>
      `Hook ${hook} could not attach on ${count(lacking, 'node', 'nodes')}, its counter is absent there: ${names(lacking)}. GET /v1/nodes/{node} says why.`,
  );
}

function withoutFigure(nodes: readonly Node[], key: 'dentries' | 'dentriesNegative', why: string): string[] {
  const lacking = nodes.filter(
    (node) => node[key] === undefined && (key === 'dentries' || node.dentries !== undefined),
  );
  if (lacking.length === 0) return [];
  return [`${count(lacking, 'node gives', 'nodes give')} no ${why}: ${names(lacking)}.`];
}

function lost(nodes: readonly Node[]): string[] {
  const losing = nodes.filter(({ windowsLost }) => BigInt(windowsLost) > 0n);
  if (losing.length === 0) return [];
  return [
    `${count(losing, 'node has', 'nodes have')} lost windows since boot, sums over them are too low: ${names(losing)}.`,
  ];
}

export function missingOf(nodes: readonly Node[]): string[] {
  if (nodes.length === 0)
    return ['No window has come in the last 24 hours: start an agent, or look whether the ingester runs.'];
  const reporting = nodes.filter((node) => node.reporting);
  return [
    ...silent(nodes),
    ...unattached(reporting),
    ...withoutFigure(reporting, 'dentries', 'count of dentries (/proc/sys/fs/dentry-state is not readable)'),
    ...withoutFigure(
      reporting,
      'dentriesNegative',
      'count of negative dentries, which Linux has since 5.0; the total leaves them out',
    ),
    ...lost(nodes),
  ];
}
