import type { NodeBatch } from '@dentryscope/contracts';
import { placeKey } from '../infos.js';
import { dentriesMetric } from '../record.js';
import type { Level } from '../record.js';
import type { Ask } from './flux.js';
import { anyOf, flat, from, isPlace } from './flux.js';
import { placeOf, placeTags } from './place.js';
import { slices } from './wanted.js';

/** Nodes whose newest windows lie this close together are asked about together. */
const LIVE_MS = 60_000;
const QUESTION_NODES = 200;

const startMs = (window: NodeBatch) => Number(window.windowStartMs);
const highest = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.max(a, b), -Infinity);
const lowest = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.min(a, b), Infinity);

/**
 * By place: the level at the end of the oldest window that starts within `overMs` before the start of the newest.
 * The nodes that report have theirs in the first moments of that time, so nothing else is read; the few others
 * (silent, or with a gap there) are asked for over all of it.
 */
export async function oldestLevels(ask: Ask, bucket: string, newest: readonly NodeBatch[], overMs: number) {
  const starts = newest.map(startMs);
  const live = newest.filter((window) => startMs(window) > highest(starts) - LIVE_MS);
  const lengths = live.map(({ windowStartMs, windowEndMs }) => Number(windowEndMs - windowStartMs));
  const until = highest(live.map(startMs)) - overMs + 2 * highest(lengths);
  const levels = await levelsIn(ask, bucket, live, overMs, until, []);
  const rest = newest.filter((window) => !levels.has(placeKey(window)));
  for (const some of together(rest, overMs)) {
    const found = await levelsIn(ask, bucket, some, overMs, highest(some.map(startMs)) + 1, [
      anyOf(some.map(isPlace)),
    ]);
    for (const [key, level] of found) levels.set(key, level);
  }
  return levels;
}

/** In questions whose windows start within `overMs`: one node that is silent for a day would have a day read of all others. */
function together(windows: readonly NodeBatch[], overMs: number): NodeBatch[][] {
  const groups: NodeBatch[][] = [];
  for (const window of [...windows].sort((a, b) => startMs(a) - startMs(b))) {
    const group = groups.at(-1);
    if (group && startMs(window) - startMs(group[0]!) <= overMs) group.push(window);
    else groups.push([window]);
  }
  return groups.flatMap((group) => slices(group, QUESTION_NODES));
}

async function levelsIn(
  ask: Ask,
  bucket: string,
  newest: readonly NodeBatch[],
  overMs: number,
  toMs: number,
  where: string[],
): Promise<Map<string, Level>> {
  const fromMs = lowest(newest.map(startMs)) - overMs;
  // InfluxDB refuses a range without time in it.
  if (!(fromMs < toMs)) return new Map();
  const read = async (field: string) => {
    const columns = [...placeTags, '_time', '_value'];
    const source = from({ bucket, measurement: 'node', field, fromMs, toMs, where });
    return (await ask(`${source}${flat(columns)}`, columns)).map(toPoint);
  };
  const ends = new Map((await read('window_end_ms')).map(({ key, ms, value }) => [`${key} ${ms}`, value]));
  const bounds = new Map(newest.map((window) => [placeKey(window), startMs(window)]));
  const oldest = new Map<string, Level & { ms: number }>();
  for (const { key, ms, value } of await read(dentriesMetric.name)) {
    const start = bounds.get(key);
    const endMs = ends.get(`${key} ${ms}`);
    if (start === undefined || endMs === undefined || ms < start - overMs || ms > start) continue;
    if (ms < (oldest.get(key)?.ms ?? Infinity)) oldest.set(key, { ms, value, endMs });
  }
  return oldest;
}

const toPoint = (row: string[]) => ({
  key: placeKey(placeOf(row)),
  ms: Date.parse(row[3]!),
  value: BigInt(row[4]!),
});
