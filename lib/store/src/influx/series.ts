import type { SeriesRequest, SeriesStep } from '../types.js';
import type { Catalog } from './catalog.js';
import type { Ask } from './flux.js';
import { anyOf, flat, from, ofNodes, tagIs } from './flux.js';
import type { Source } from './flux.js';
import { nameOfTag } from './line.js';
import { placeTags } from './place.js';
import { questions, slices } from './wanted.js';

/** By the start of the step. */
type Steps = Map<number, bigint>;

const QUESTION_NODES = 200;

export async function series(ask: Ask, bucket: string, request: SeriesRequest, catalog: Catalog) {
  const { metric, filter, fromMs, toMs } = request;
  const source = { bucket, measurement: metric.level, field: metric.name, fromMs, toMs };
  if (metric.kind === 'gauge')
    return inOrder(await gauge(ask, { ...source, where: ofNodes(filter) }, request));
  const conditions = metric.level === 'node' ? [ofNodes(filter)] : questions(filter, catalog);
  const steps: Steps = new Map();
  for (const where of conditions) addTo(steps, await counter(ask, { ...source, where }, request));
  return inOrder(steps);
}

function inOrder(steps: Steps): SeriesStep[] {
  const sorted = [...steps].sort(([a], [b]) => a - b);
  return sorted.map(([startMs, value]) => ({ startMs, value }));
}

function addTo(steps: Steps, more: Iterable<[number, bigint]>): void {
  for (const [startMs, value] of more) steps.set(startMs, (steps.get(startMs) ?? 0n) + value);
}

/** InfluxDB's windows count from 1970; ours from the start of the range. */
const windowOf = ({ fromMs, stepMs }: SeriesRequest) =>
  `every: ${stepMs}ms, offset: ${((fromMs % stepMs) + stepMs) % stepMs}ms, createEmpty: false`;

async function sums(ask: Ask, flux: string): Promise<[number, bigint][]> {
  const rows = await ask(flux, ['_time', '_value']);
  return rows.map(([time, value]) => [Date.parse(time!), BigInt(value!)]);
}

/** Grouped before it is cut into steps: each series cut by itself takes InfluxDB eight times as long. */
function counter(ask: Ask, source: Source, request: SeriesRequest): Promise<[number, bigint][]> {
  const steps = `aggregateWindow(${windowOf(request)}, fn: sum, timeSrc: "_start")`;
  return sums(ask, `${from(source)} |> group() |> ${steps}`);
}

/**
 * The last of each boot in each step, summed by InfluxDB. A node that booted meanwhile may count twice in a step:
 * what its older boots add there is taken off again.
 */
async function gauge(ask: Ask, source: Source, request: SeriesRequest): Promise<Steps> {
  const last = `aggregateWindow(${windowOf(request)}, fn: last, timeSrc: "_start")`;
  const all = await sums(ask, `${from(source)} |> ${last} |> group(columns: ["_time"]) |> sum() |> group()`);
  const steps: Steps = new Map(all);
  for (const some of slices(await rebooted(ask, source), QUESTION_NODES))
    addTo(steps, await surplus(ask, { ...source, where: [anyOf(some)] }, request));
  return steps;
}

/** Conditions for the nodes with more than one boot in the range. */
async function rebooted(ask: Ask, source: Source): Promise<string[]> {
  const boots = new Map<string, number>();
  for (const [cluster, node] of await ask(`${from(source)} |> first()${flat(placeTags)}`, placeTags)) {
    const condition = `${tagIs('cluster', nameOfTag(cluster!))} and ${tagIs('node', nameOfTag(node!))}`;
    boots.set(condition, (boots.get(condition) ?? 0) + 1);
  }
  return [...boots].filter(([, count]) => count > 1).map(([condition]) => condition);
}

/** By step: what all boots of a node but its last there add, negative. */
async function surplus(ask: Ask, source: Source, request: SeriesRequest): Promise<[number, bigint][]> {
  const columns = ['_start', '_time', 'cluster', 'node', '_value'];
  const rows = await ask(
    `${from(source)} |> window(${windowOf(request)}) |> last()${flat(columns)}`,
    columns,
  );
  const newest = new Map<string, { ms: number; value: bigint }>();
  return rows.flatMap(([start, time, cluster, node, text]): [number, bigint][] => {
    const key = JSON.stringify([start, cluster, node]);
    const found = { ms: Date.parse(time!), value: BigInt(text!) };
    const known = newest.get(key);
    const later = !known || found.ms >= known.ms;
    if (later) newest.set(key, found);
    return known ? [[Date.parse(start!), -(later ? known : found).value]] : [];
  });
}
