/**
 * Windows that do not start where the one before them ended. Compared here: Flux, row by row, takes thirty times as long
 * as the rows take to come.
 */
import { GAP_LOOK_MS, gapOf, inOrder } from '../gaps.js';
import type { Gap, GapsRequest, TimeRange } from '../types.js';
import { WINDOW_FIELD } from './boots.js';
import { flat, from, ofNodes } from './flux.js';
import type { Ask } from './flux.js';
import { placeOf, placeTags } from './place.js';

/** Of an answer at most: all of its rows are in memory at once. */
const ANSWER_ROWS = 100_000;
/** What is shorter is not divided any more. */
const SHORTEST_MS = 60_000;

/** Of the windows that start in the range: all, or of each boot the one that is nearest to the range asked for. */
interface Part extends TimeRange {
  readonly choose: '' | ' |> last()' | ' |> first()';
}

interface Row {
  /** Of the place, as InfluxDB has them. */
  readonly tags: readonly string[];
  readonly startMs: number;
  readonly value: string;
}

/** Two windows of a node, one after the other by time. */
type Pair = readonly [before: Row, after: Row];

type AskPart = (part: Part, field: string) => Promise<Row[]>;

/** Over boots, as a gap may hold one. */
export async function gaps(ask: Ask, bucket: string, request: GapsRequest): Promise<Gap[]> {
  const source = (part: TimeRange, field: string) =>
    from({ bucket, measurement: 'node', field, where: ofNodes(request.filter), ...part });
  const columns = [...placeTags, '_time', '_value'];
  const askPart: AskPart = async ({ choose, ...range }, field) =>
    (await ask(`${source(range, field)}${choose}${flat(columns)}`, columns)).map(rowOf);
  const count = async (range: TimeRange) => {
    const found = await ask(`${source(range, WINDOW_FIELD)} |> count()${flat(['_value'])}`, ['_value']);
    return found.reduce((sum, [rows]) => sum + Number(rows), 0);
  };
  const parts = await partsOf(request, count);
  const pairs = (await broken(parts, askPart, request)).sort(byPlace).slice(0, request.limit);
  const seqs = await seqsOf(pairs, parts, askPart);
  return pairs.map((pair) => gapBetween(pair, seqs));
}

const rowOf = (row: readonly string[]): Row => ({
  tags: row.slice(0, 3),
  startMs: Date.parse(row[3]!),
  value: row[4]!,
});

/** In the order of time. InfluxDB's storage answers what is before and after the range without reading all of it. */
async function partsOf({ fromMs, toMs }: TimeRange, count: (range: TimeRange) => Promise<number>) {
  const before: Part = { fromMs: Math.max(0, fromMs - GAP_LOOK_MS), toMs: fromMs, choose: ' |> last()' };
  const after: Part = { fromMs: toMs, toMs: toMs + GAP_LOOK_MS, choose: ' |> first()' };
  const within = async (range: TimeRange): Promise<Part[]> => {
    const rows = await count(range);
    if (rows === 0) return [];
    if (rows <= ANSWER_ROWS || range.toMs - range.fromMs <= SHORTEST_MS) return [{ ...range, choose: '' }];
    const middle = Math.floor((range.fromMs + range.toMs) / 2);
    const first = await within({ ...range, toMs: middle });
    return [...first, ...(await within({ ...range, fromMs: middle }))];
  };
  return [before, ...(await within({ fromMs, toMs })), after].filter((part) => part.fromMs < part.toMs);
}

async function broken(parts: readonly Part[], askPart: AskPart, { fromMs, toMs }: TimeRange) {
  const last = new Map<string, Row>();
  const pairs: Pair[] = [];
  for (const part of parts) {
    const rows = await askPart(part, WINDOW_FIELD);
    for (const row of rows.sort((a, b) => a.startMs - b.startMs)) {
      const key = `${row.tags[0]}\n${row.tags[1]}`;
      const before = last.get(key);
      last.set(key, row);
      if (!before || row.startMs <= endMs(before)) continue;
      if (row.startMs > fromMs && endMs(before) < toMs) pairs.push([before, row]);
    }
  }
  return pairs;
}

/** Of a row of WINDOW_FIELD. */
const endMs = ({ value }: Row) => Number(value);

/** The numbers of windows on both sides, by `keyOf`; nothing where none is of one boot. */
async function seqsOf(pairs: readonly Pair[], parts: readonly Part[], askPart: AskPart) {
  const wanted = pairs.filter(isOfOneBoot).flat();
  const keys = new Set(wanted.map(keyOf));
  const seqs = new Map<string, bigint>();
  for (const part of parts) {
    if (!wanted.some(({ startMs }) => startMs >= part.fromMs && startMs < part.toMs)) continue;
    for (const row of await askPart(part, 'seq'))
      if (keys.has(keyOf(row))) seqs.set(keyOf(row), BigInt(row.value));
  }
  return seqs;
}

const isOfOneBoot = ([before, after]: Pair) => before.tags[2] === after.tags[2];
const keyOf = ({ tags, startMs }: Row) => `${tags.join('\n')}\n${startMs}`;

function neighboursOf([before, after]: Pair) {
  const { cluster, node } = placeOf(after.tags);
  return { cluster, node, fromMs: endMs(before), toMs: after.startMs };
}

const byPlace = (a: Pair, b: Pair) => inOrder(neighboursOf(a), neighboursOf(b));

function gapBetween(pair: Pair, seqs: ReadonlyMap<string, bigint>): Gap {
  const [before, after] = pair.map((row) => seqs.get(keyOf(row)));
  const sameBoot = before !== undefined && after !== undefined;
  return gapOf({ ...neighboursOf(pair), sameBoot, seqs: sameBoot ? after - before : 0n });
}
