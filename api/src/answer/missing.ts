/** What an answer about the fleet lacks, and why: one sentence each, the gravest first. */
import type { Node } from '@dentryscope/contracts';
import { aheadMs, inSeconds } from './node.js';

const NAMED = 5;

function names(nodes: readonly Node[], nameOf = ({ node }: Node) => node): string {
  const shown = nodes.slice(0, NAMED).map(nameOf);
  const more = nodes.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const count = (nodes: readonly Node[], one: string, many: string) =>
  `${nodes.length} ${nodes.length === 1 ? one : many}`;

const aheadOf = ({ lastSeen }: Node, now: number) => aheadMs(Date.parse(lastSeen), now);

function silent(nodes: readonly Node[], now: number): string[] {
  const gone = nodes.filter((node) => !node.reporting && aheadOf(node, now) === 0);
  if (gone.length === 0) return [];
  const [one, many] = [
    'node is silent, or its clock is behind',
    'nodes are silent, or their clocks are behind',
  ];
  return [`${count(gone, one, many)}, and not in the totals: ${names(gone)}.`];
}

function ahead(nodes: readonly Node[], now: number): string[] {
  const wrong = nodes.filter((node) => aheadOf(node, now) > 0);
  if (wrong.length === 0) return [];
  const by = (node: Node) => `${node.node} (${inSeconds(aheadOf(node, now))})`;
  const [one, many] = ['it reports', 'they report'];
  return [
    `${count(wrong, 'node has a clock', 'nodes have clocks')} ahead of the API's, so that nobody can tell whether ${wrong.length === 1 ? one : many}; not in the totals: ${names(wrong, by)}.`,
  ];
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

/** @param cluster the only one that was asked for */
function nothing(cluster: string | undefined): string {
  const [which, where] =
    cluster === undefined ? ['', ''] : [` of cluster ${cluster}`, ' there (or look at its name)'];
  return `No window${which} has come in the last 24 hours: start an agent${where}, or look whether the ingester runs.`;
}

export function missingOf(nodes: readonly Node[], now: number, cluster?: string): string[] {
  if (nodes.length === 0) return [nothing(cluster)];
  const reporting = nodes.filter((node) => node.reporting);
  return [
    ...silent(nodes, now),
    ...ahead(nodes, now),
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
