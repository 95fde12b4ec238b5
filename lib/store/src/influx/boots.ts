/** Of each node the boot that it was in last: what the cgroups of older boots held is gone. */
import { placeKey } from '../infos.js';
import { flat, from } from './flux.js';
import type { Ask, Source } from './flux.js';
import { placeOf, placeTags } from './place.js';

/** Every window has this figure, whatever its agent can see. */
export const WINDOW_FIELD = 'window_end_ms';

/** A row a boot, its columns `placeTags` and `_time`; asked for nodes by the range and `where` of `source`. */
export function lastWindows(source: Source): string {
  return `${from({ ...source, measurement: 'node', field: WINDOW_FIELD })} |> last()${flat([...placeTags, '_time'])}`;
}

/** By the node's key: its last boot. @param rows `placeTags` and `_time` */
export function lastBoots(rows: readonly (readonly string[])[]): Map<string, string> {
  const newest = new Map<string, { ms: number; bootId: string }>();
  for (const row of rows) {
    const place = placeOf(row);
    const key = nodeKey(place);
    const ms = Date.parse(row[3]!);
    if ((newest.get(key)?.ms ?? -Infinity) <= ms) newest.set(key, { ms, bootId: place.bootId });
  }
  return new Map([...newest].map(([key, { bootId }]) => [key, bootId]));
}

export const nodeKey = (place: { cluster: string; node: string }) =>
  placeKey({ cluster: place.cluster, node: place.node, bootId: '' });

export async function askLastBoots(ask: Ask, source: Source): Promise<Map<string, string>> {
  return lastBoots(await ask(lastWindows(source), [...placeTags, '_time']));
}
