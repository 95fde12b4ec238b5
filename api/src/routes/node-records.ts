import type { Cap, NodeRecord } from '@dentryscope/store';
import type { Context } from '../context.js';

/** Long enough to show a node that died in the night; a node that was taken away is forgotten after it. */
const REMEMBERED_MS = 24 * 3_600_000;
const GROWTH_OVER_MS = 5 * 60_000;

export function recordsOf(
  { reader, now }: Context,
  which: { cluster?: string; node?: string },
  cap: Cap,
): Promise<readonly NodeRecord[]> {
  return reader.nodes({ ...which, sinceMs: now() - REMEMBERED_MS, growthOverMs: GROWTH_OVER_MS }, cap);
}
