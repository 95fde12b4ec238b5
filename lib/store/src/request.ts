/** What may be asked of a store, whichever it is. */
import type { SeriesRequest, TopRequest } from './types.js';

const OF_A_NODE = ['cluster', 'node'];

/** @throws RangeError where the figure cannot be grouped or filtered so: a node's belong to no cgroup. */
export function checkTop(request: TopRequest): void {
  checkFilter(request);
  if (!Number.isInteger(request.limit) || request.limit < 1)
    throw new RangeError(`limit is ${request.limit}; it is a whole number from 1 on`);
  if (request.metric.level === 'node' && request.by !== 'node')
    throw new RangeError(
      `${request.metric.name} is a figure of nodes: it is asked by node, not by ${request.by}`,
    );
}

/** @throws RangeError as checkTop does. */
export function checkSeries(request: SeriesRequest): void {
  checkFilter(request);
  for (const field of ['fromMs', 'stepMs'] as const)
    if (!Number.isInteger(request[field]))
      throw new RangeError(`${field} is not a whole number of milliseconds`);
  if (request.stepMs < 1) throw new RangeError(`stepMs is ${request.stepMs}; it is from 1 on`);
}

function checkFilter({ metric, filter }: TopRequest | SeriesRequest): void {
  if (metric.level === 'cgroup') return;
  const wrong = Object.keys(filter).find((key) => !OF_A_NODE.includes(key));
  if (wrong) throw new RangeError(`${metric.name} is a figure of nodes: it has no ${wrong} to filter by`);
}

/** The cgroup that a filter names: by path, or by id (undefined where it is neither a path nor 64 bits in decimal). */
export function parseCgroup(text: string): { path: string } | { id: bigint } | undefined {
  if (text.startsWith('/')) return { path: text };
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const id = BigInt(text);
  return id < 1n << 64n ? { id } : undefined;
}

/** The first whole millisecond of a half-open range's bound. */
export function bound(ms: number): bigint {
  return BigInt(Math.ceil(ms));
}
