import { combined, term } from '../combine.js';
import type { SeriesRequest, SeriesStep } from '../types.js';
import { WINDOW_FIELD, lastBoots, nodeKey } from './boots.js';
import type { Catalog } from './catalog.js';
import type { Ask } from './flux.js';
import { anyOf, flat, from, list, ofNodes, tagIs } from './flux.js';
import type { Source } from './flux.js';
import { nameOfTag } from './line.js';
import { placeOf, placeTags } from './place.js';
import { questions, slices } from './wanted.js';

/** By the start of the step, a sum of terms: see combine.ts. */
type Steps = Map<number, bigint>;
export type Step = [startMs: number, sum: bigint];

const QUESTION_NODES = 200;

/** Of windows; the catalog must be current where the filter has names. */
export async function windowSteps(ask: Ask, bucket: string, request: SeriesRequest, catalog: Catalog) {
  const { metric, filter, fromMs, toMs } = request;
  const source = { bucket, measurement: metric.level, field: metric.name, fromMs, toMs };
  const conditions = metric.level === 'node' ? [ofNodes(filter)] : questions(filter, catalog);
  const steps: Steps = new Map();
  for (const where of conditions) {
    const read = metric.kind === 'gauge' ? gauge : counterSteps;
    addTo(steps, await read(ask, { ...source, where }, request));
  }
  return [...steps];
}

export function inOrder(steps: readonly Step[], { metric }: SeriesRequest): SeriesStep[] {
  const sorted = [...steps].sort(([a], [b]) => a - b);
  // Of squares, which come rounded, what is left of their sum may be less than nothing.
  const known = (sum: bigint) => (metric.combine === 'sum' || sum > 0n ? sum : 0n);
  return sorted.map(([startMs, sum]) => ({ startMs, value: combined(metric, known(sum)) }));
}

function addTo(steps: Steps, more: Iterable<Step>): void {
  for (const [startMs, value] of more) steps.set(startMs, (steps.get(startMs) ?? 0n) + value);
}

/** InfluxDB's windows count from 1970; ours from the start of the range. */
const windowOf = ({ fromMs, stepMs }: SeriesRequest) =>
  `every: ${stepMs}ms, offset: ${((fromMs % stepMs) + stepMs) % stepMs}ms, createEmpty: false`;

async function sums(ask: Ask, flux: string): Promise<Step[]> {
  const rows = await ask(flux, ['_time', '_value']);
  return rows.map(([time, value]) => [Date.parse(time!), wholeOf(value!)]);
}

/** Squares come as floats: their sums are exact up to 2^53, and right to 16 digits past that. */
const wholeOf = (text: string) => (/^-?\d+$/.test(text) ? BigInt(text) : BigInt(Math.round(Number(text))));

/** Turns values to terms. An integer of Flux has 64 bits, too few for the square of a large one. */
const terms = ({ metric }: SeriesRequest) =>
  metric.combine === 'sum'
    ? ''
    : '|> map(fn: (r) => ({r with _value: float(v: r._value) * float(v: r._value)}))';

const inSteps = (request: SeriesRequest, fn: 'sum' | 'last') =>
  `|> aggregateWindow(${windowOf(request)}, fn: ${fn}, timeSrc: "_start")`;

/** Grouped before it is cut into steps: each series cut by itself takes InfluxDB eight times as long. */
export function counterSteps(ask: Ask, source: Source, request: SeriesRequest): Promise<Step[]> {
  return sums(ask, `${from(source)} |> group() ${inSteps(request, 'sum')}`);
}

/**
 * The last of each of InfluxDB's series in each step, summed by InfluxDB. Cut into steps a second time for that: grouped by its
 * time it would take six times as long.
 */
export function lastSteps(ask: Ask, source: Source, request: SeriesRequest): Promise<Step[]> {
  const lasts = `${from(source)} ${inSteps(request, 'last')}`;
  return sums(ask, `${lasts} |> group() ${terms(request)} ${inSteps(request, 'sum')}`);
}

/**
 * Series are of a boot, or of a cgroup of it. A node that booted meanwhile may count twice in a step: what its older boots
 * add there is taken off again.
 */
async function gauge(ask: Ask, source: Source, request: SeriesRequest): Promise<Steps> {
  const all = await lastSteps(ask, source, request);
  const steps: Steps = new Map(all);
  if (all.length === 0) return steps;
  const surplus = request.metric.level === 'node' ? nodeSurplus : cgroupSurplus;
  for (const some of slices(await rebooted(ask, source, request), QUESTION_NODES)) {
    const where = [...(source.where ?? []), anyOf(some)];
    addTo(steps, await surplus(ask, { ...source, where }, request, anyOf(some)));
  }
  return steps;
}

/** Conditions for the nodes with more than one boot in the range. */
async function rebooted(ask: Ask, source: Source, { filter }: SeriesRequest): Promise<string[]> {
  const boots = new Map<string, number>();
  const windows = from({ ...source, measurement: 'node', field: WINDOW_FIELD, where: ofNodes(filter) });
  for (const [cluster, node] of await ask(`${windows} |> first()${flat(placeTags)}`, placeTags)) {
    const condition = `${tagIs('cluster', nameOfTag(cluster!))} and ${tagIs('node', nameOfTag(node!))}`;
    boots.set(condition, (boots.get(condition) ?? 0) + 1);
  }
  return [...boots].filter(([, count]) => count > 1).map(([condition]) => condition);
}

const lastInStep = (request: SeriesRequest) => `|> window(${windowOf(request)}) |> last()`;

/** By step: what all boots of a node but its last there add, negative. */
async function nodeSurplus(ask: Ask, source: Source, request: SeriesRequest): Promise<Step[]> {
  const columns = ['_start', '_time', 'cluster', 'node', '_value'];
  const rows = await ask(`${from(source)} ${lastInStep(request)}${flat(columns)}`, columns);
  const newest = new Map<string, { ms: number; value: bigint }>();
  return rows.flatMap(([start, time, cluster, node, text]): Step[] => {
    const key = JSON.stringify([start, cluster, node]);
    const found = { ms: Date.parse(time!), value: term(request.metric, BigInt(text!)) };
    const known = newest.get(key);
    const later = !known || found.ms >= known.ms;
    if (later) newest.set(key, found);
    return known ? [[Date.parse(start!), -(later ? known : found).value]] : [];
  });
}

/** By step: what the cgroups of all boots of a node but its last there add, negative. */
async function cgroupSurplus(
  ask: Ask,
  source: Source,
  request: SeriesRequest,
  nodes: string,
): Promise<Step[]> {
  const windows = from({ ...source, measurement: 'node', field: WINDOW_FIELD, where: [nodes] });
  const columns = [...placeTags, '_time', '_start'];
  const byStep = new Map<string, string[][]>();
  for (const row of await ask(`${windows} ${lastInStep(request)}${flat(columns)}`, columns))
    byStep.set(row[4]!, [...(byStep.get(row[4]!) ?? []), row]);
  const last = new Map([...byStep].map(([start, rows]) => [start, lastBoots(rows)]));
  const rows = await ask(
    `${from(source)} ${inSteps(request, 'last')} |> group(columns: ${list(placeTags)}) ${terms(request)} ${inSteps(request, 'sum')}`,
    [...placeTags, '_time', '_value'],
  );
  return rows.flatMap(([cluster, node, boot, start, sum]): Step[] => {
    const place = placeOf([cluster!, node!, boot!]);
    const counts = last.get(start!)?.get(nodeKey(place)) === place.bootId;
    return counts ? [] : [[Date.parse(start!), -wholeOf(sum!)]];
  });
}
