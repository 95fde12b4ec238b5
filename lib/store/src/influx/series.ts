import type { SeriesRequest, SeriesStep } from '../types.js';
import type { Catalog } from './catalog.js';
import { flat, from, list, ofNodes } from './flux.js';
import type { Ask } from './flux.js';
import { questions } from './wanted.js';

export async function series(ask: Ask, bucket: string, request: SeriesRequest, catalog: Catalog) {
  const { metric, filter, fromMs, toMs } = request;
  const { level: measurement, name: field } = metric;
  const steps = new Map<number, bigint>();
  const conditions = measurement === 'node' ? [ofNodes(filter)] : questions(filter, catalog);
  for (const where of conditions) {
    const source = from({ bucket, measurement, field, fromMs, toMs, where });
    const values = await (metric.kind === 'gauge' ? gauge : counter)(ask, source, request);
    for (const [startMs, value] of values) steps.set(startMs, (steps.get(startMs) ?? 0n) + value);
  }
  return inOrder(steps);
}

function inOrder(steps: Map<number, bigint>): SeriesStep[] {
  const sorted = [...steps].sort(([a], [b]) => a - b);
  return sorted.map(([startMs, value]) => ({ startMs, value }));
}

/** InfluxDB's windows count from 1970; ours from the start of the range. */
function windows({ fromMs, stepMs }: SeriesRequest): string {
  const offset = ((fromMs % stepMs) + stepMs) % stepMs;
  return `|> window(every: ${stepMs}ms, offset: ${offset}ms, createEmpty: false)`;
}

/** The range's own start cuts the first window nowhere but where it begins. */
const startOf = (time: string) => Date.parse(time);

async function counter(ask: Ask, source: string, request: SeriesRequest): Promise<[number, bigint][]> {
  const columns = ['_start', '_value'];
  const flux = `${source} ${windows(request)} |> sum() |> group(columns: ${list(['_start'])}) |> sum()${flat(columns)}`;
  const rows = await ask(flux, columns);
  return rows.map(([start, value]) => [startOf(start!), BigInt(value!)]);
}

/** The last of each boot in the step; the latest of those is the node's. */
async function gauge(ask: Ask, source: string, request: SeriesRequest): Promise<[number, bigint][]> {
  const columns = ['_start', '_time', 'cluster', 'node', '_value'];
  const rows = await ask(`${source} ${windows(request)} |> last()${flat(columns)}`, columns);
  const newest = new Map<string, { ms: number; start: number; value: bigint }>();
  for (const [start, time, cluster, node, value] of rows) {
    const key = JSON.stringify([start, cluster, node]);
    const ms = Date.parse(time!);
    if ((newest.get(key)?.ms ?? -Infinity) <= ms)
      newest.set(key, { ms, start: startOf(start!), value: BigInt(value!) });
  }
  return [...newest.values()].map(({ start, value }) => [start, value]);
}
