import type { NodeBatch } from '@dentryscope/contracts';
import { placeKey } from '../infos.js';
import { dentriesMetric, growth } from '../record.js';
import type { NodesRequest } from '../types.js';
import { flat, from, ofNodes } from './flux.js';
import type { Ask } from './flux.js';
import { placeOf, placeTags } from './place.js';

interface Point {
  readonly startMs: number;
  value?: bigint;
  endMs?: bigint;
}

/** dentries a second by place, from the oldest to the newest window that can tell within the time before each node's newest. */
export async function growthsOf(
  ask: Ask,
  bucket: string,
  newest: readonly NodeBatch[],
  request: NodesRequest,
) {
  const growths = new Map<string, number | undefined>();
  if (newest.length === 0) return growths;
  const points = await pointsOf(ask, bucket, newest, request);
  for (const window of newest) {
    const start = Number(window.windowStartMs);
    const inside = (points.get(placeKey(window)) ?? []).filter(
      ({ startMs, value }) =>
        value !== undefined && startMs <= start && startMs >= start - request.growthOverMs,
    );
    growths.set(placeKey(window), between(inside));
  }
  return growths;
}

function between(points: Point[]): number | undefined {
  if (points.length === 0) return undefined;
  const oldest = points.reduce((a, b) => (a.startMs < b.startMs ? a : b));
  const newest = points.reduce((a, b) => (a.startMs > b.startMs ? a : b));
  return growth(
    { value: oldest.value!, endMs: oldest.endMs! },
    { value: newest.value!, endMs: newest.endMs! },
  );
}

/** The dentries and ends of all windows that may count, by place. */
async function pointsOf(ask: Ask, bucket: string, newest: readonly NodeBatch[], request: NodesRequest) {
  const starts = newest.map(({ windowStartMs }) => Number(windowStartMs));
  const toMs = starts.reduce((a, b) => Math.max(a, b)) + 1;
  const fromMs = starts.reduce((a, b) => Math.min(a, b)) - request.growthOverMs;
  const places = new Map(newest.map((window) => [placeKey(window), new Map<number, Point>()]));
  for (const field of [dentriesMetric.name, 'window_end_ms'] as const) {
    const columns = [...placeTags, '_time', '_value'];
    const source = from({ bucket, measurement: 'node', field, fromMs, toMs, where: ofNodes(request) });
    for (const row of await ask(`${source}${flat(columns)}`, columns)) {
      const points = places.get(placeKey(placeOf(row)));
      if (points)
        put(points, Date.parse(row[3]!), field === 'window_end_ms' ? 'endMs' : 'value', BigInt(row[4]!));
    }
  }
  return new Map([...places].map(([key, points]) => [key, [...points.values()]]));
}

function put(points: Map<number, Point>, startMs: number, name: 'value' | 'endMs', value: bigint): void {
  const point = points.get(startMs) ?? { startMs };
  point[name] = value;
  points.set(startMs, point);
}
