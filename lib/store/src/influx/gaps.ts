import { GAP_LOOK_MS, gapOf, inOrder } from '../gaps.js';
import type { Gap, GapsRequest } from '../types.js';
import { WINDOW_FIELD, nodeKey } from './boots.js';
import { anyOf, flat, from, ofNodes, time } from './flux.js';
import type { Ask } from './flux.js';
import { placeOf, placeTags } from './place.js';
import { slices } from './wanted.js';

const QUESTION_TIMES = 200;

/** A window that does not start where the one before it ended. */
interface After {
  readonly row: readonly string[];
  readonly startMs: number;
  readonly endBeforeMs: number;
}

const GROUP = '|> group(columns: ["cluster", "node"]) |> sort(columns: ["_time"])';

/** Only what lies beside a gap leaves InfluxDB; over boots, as a gap may hold one. */
export async function gaps(ask: Ask, bucket: string, request: GapsRequest): Promise<Gap[]> {
  const { filter, fromMs, toMs, limit } = request;
  const around = { fromMs: Math.max(0, fromMs - GAP_LOOK_MS), toMs: toMs + GAP_LOOK_MS };
  const source = (field: string) =>
    from({ bucket, measurement: 'node', field, where: ofNodes(filter), ...around });
  const columns = [...placeTags, '_time', '_value'];
  // `_value` becomes the step from the end before to this end; less this window's length it is the gap.
  const broken = await ask(
    `${source(WINDOW_FIELD)} ${GROUP} |> duplicate(column: "_value", as: "end") |> difference()
      |> map(fn: (r) => ({r with _value: r._value - (r.end - int(v: r._time) / 1000000)}))
      |> filter(fn: (r) => r._value > 0)${flat(columns)}`,
    columns,
  );
  const afters = broken.map(afterOf).filter((after) => after.startMs > fromMs && after.endBeforeMs < toMs);
  if (afters.length === 0) return [];
  const steps = await seqSteps(ask, source('seq'), afters);
  const found = afters.map(({ row, startMs, endBeforeMs }) => {
    const { cluster, node } = placeOf(row);
    const step = steps.get(keyOf(row));
    const place = { cluster, node, fromMs: endBeforeMs, toMs: startMs };
    return gapOf({ ...place, sameBoot: step !== undefined, seqs: step ?? 0n });
  });
  return found.sort(inOrder).slice(0, limit);
}

function afterOf(row: readonly string[]): After {
  const startMs = Date.parse(row[3]!);
  return { row, startMs, endBeforeMs: startMs - Number(row[4]) };
}

/** By node and start of the window: how far its number is from that of the window before it, in the same boot. */
async function seqSteps(ask: Ask, source: string, afters: readonly After[]): Promise<Map<string, bigint>> {
  const columns = [...placeTags, '_time', '_value'];
  const times = [...new Set(afters.map(({ startMs }) => startMs))];
  const steps = new Map<string, bigint>();
  // Each of them has the time of a gap: what is asked for is no more than the gaps of all nodes at those times.
  for (const some of slices(times, QUESTION_TIMES)) {
    const at = anyOf(some.map((ms) => `r._time == ${time(ms)}`));
    const rows = await ask(`${source} |> difference() |> filter(fn: (r) => ${at})${flat(columns)}`, columns);
    for (const row of rows) steps.set(keyOf(row), BigInt(row[4]!));
  }
  return steps;
}

/** A boot is of one place: windows of two boots of a node do not start at the same time. */
const keyOf = (row: readonly string[]) => `${nodeKey(placeOf(row))} ${Date.parse(row[3]!)}`;
