/** Everything the page shows, asked for at once. */
import type { FleetAnswer, NodeAnswer, NodesAnswer, SeriesAnswer, TopAnswer } from '@dentryscope/contracts';
import { get } from './client.js';
import { toHash } from './selection.js';
import type { Selection } from './selection.js';
import { stepsOf } from './steps.js';

export const TOP_LIMIT = 25;
const NODES_LIMIT = 10_000;

export interface Snapshot {
  readonly selection: Selection;
  readonly fleet: FleetAnswer;
  readonly nodes: NodesAnswer;
  readonly top: TopAnswer;
  /** Standard error of the sum of `top`, where that is an estimate. */
  readonly topError: TopAnswer | undefined;
  readonly dentries: SeriesAnswer;
  readonly allocated: SeriesAnswer;
  /** Of the chosen node; undefined where none is chosen, or it is known no more. */
  readonly node: NodeAnswer | undefined;
  /** When it came, by the clock of this machine. */
  readonly receivedAt: number;
}

/** The longest of the windows: a step must hold those of every node. */
function longestWindow({ nodes }: NodesAnswer): number {
  return nodes.reduce((longest, { windowMs }) => Math.max(longest, windowMs), 1000);
}

function nodeDetails({ node }: Selection, { nodes }: NodesAnswer, signal: AbortSignal) {
  const known = nodes.some(({ cluster, node: name }) => cluster === node?.cluster && name === node?.node);
  if (!node || !known) return Promise.resolve(undefined);
  return get<NodeAnswer>(`v1/nodes/${encodeURIComponent(node.node)}`, { cluster: node.cluster }, signal);
}

const topMetrics = { makes: 'dentries_allocated', holds: 'live_dentries_estimate' } as const;

function askTop({ top, range, node }: Selection, signal: AbortSignal) {
  const query = { ...node, by: 'cgroup', limit: TOP_LIMIT, from: range };
  return get<TopAnswer>('v1/top', { ...query, metric: topMetrics[top] }, signal);
}

function askTopError({ top, range, node }: Selection, signal: AbortSignal) {
  if (top !== 'holds') return Promise.resolve(undefined);
  const query = { ...node, by: 'node', limit: 1, from: range };
  return get<TopAnswer>('v1/top', { ...query, metric: 'live_dentries_standard_error' }, signal);
}

export async function load(selection: Selection, signal: AbortSignal): Promise<Snapshot> {
  const [fleet, nodes] = await Promise.all([
    get<FleetAnswer>('v1/fleet', {}, signal),
    get<NodesAnswer>('v1/nodes', { limit: NODES_LIMIT }, signal),
  ]);
  const { fromMs, toMs, stepMs } = stepsOf(selection.range, Date.parse(fleet.time), longestWindow(nodes));
  const owner = { ...selection.node };
  const range = {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    step: `${stepMs}ms`,
  };
  const allocatedOf = { metric: 'dentries_allocated', ...owner };
  const [top, topError, dentries, allocated, node] = await Promise.all([
    askTop(selection, signal),
    askTopError(selection, signal),
    get<SeriesAnswer>('v1/series', { metric: 'node_dentries', ...owner, ...range }, signal),
    get<SeriesAnswer>('v1/series', { ...allocatedOf, ...range }, signal),
    nodeDetails(selection, nodes, signal),
  ]);
  return { selection, fleet, nodes, top, topError, dentries, allocated, node, receivedAt: Date.now() };
}

export const isOf = (snapshot: Snapshot, selection: Selection): boolean =>
  toHash(snapshot.selection) === toHash(selection);
