import { placeKey } from '../infos.js';
import type { Place } from '../infos.js';
import { decodeRecord, growth } from '../record.js';
import type { NodeRecord, NodesRequest } from '../types.js';
import { flat, from, isPlace, ofNodes } from './flux.js';
import { oldestLevels } from './growth.js';
import type { Ask } from './flux.js';
import { placeOf, placeTags } from './place.js';
import type { NodeBatch } from '@dentryscope/contracts';

interface Newest {
  readonly place: Place;
  readonly ms: number;
  readonly value: string;
}

export async function nodes(ask: Ask, bucket: string, request: NodesRequest): Promise<NodeRecord[]> {
  const newest = await newestWindows(ask, bucket, request);
  const levels = await oldestLevels(ask, bucket, newest, request.growthOverMs);
  return newest
    .map((window) => ({ newest: window, growthPerSecond: growth(levels.get(placeKey(window)), window) }))
    .sort(byName);
}

const byName = ({ newest: a }: NodeRecord, { newest: b }: NodeRecord) =>
  Buffer.compare(Buffer.from(a.cluster), Buffer.from(b.cluster)) ||
  Buffer.compare(Buffer.from(a.node), Buffer.from(b.node));

/** Of each node's boot that was seen last, the window of the highest sequence number: seldom not the last by time. */
async function newestWindows(ask: Ask, bucket: string, request: NodesRequest): Promise<NodeBatch[]> {
  const read = async (field: string, fromMs: number, choose: string, where: string[]) => {
    const columns = [...placeTags, '_time', '_value'];
    const source = from({ bucket, measurement: 'node', field, fromMs, where });
    return (await ask(`${source} |> ${choose}${flat(columns)}`, columns)).map(toNewest);
  };
  const where = ofNodes(request);
  const last = bootsSeenLast(await read('record', request.sinceMs, 'last()', where));
  const highest = await read('seq', request.sinceMs, 'max()', where);
  const atHighest = new Map(highest.map((row) => [placeKey(row.place), row]));
  return Promise.all(
    last.map(async (row) => {
      const top = atHighest.get(placeKey(row.place));
      // Later than the last one: it came after that was asked for. Only one before it is of a clock that was set back.
      if (!top || top.ms >= row.ms) return decode(row);
      const { place, ms } = top;
      const [exact] = await read('record', ms, 'first()', [isPlace(place)]);
      return decode(exact?.ms === ms ? exact : row);
    }),
  );
}

const toNewest = (row: string[]): Newest => ({
  place: placeOf(row),
  ms: Date.parse(row[3]!),
  value: row[4]!,
});
const decode = ({ value }: Newest) => decodeRecord(Buffer.from(value, 'base64'));

function bootsSeenLast(rows: readonly Newest[]): Newest[] {
  const nodes = new Map<string, Newest>();
  for (const row of rows) {
    const key = placeKey({ ...row.place, bootId: '' });
    const known = nodes.get(key);
    if (!known || row.ms > known.ms) nodes.set(key, row);
  }
  return [...nodes.values()];
}
