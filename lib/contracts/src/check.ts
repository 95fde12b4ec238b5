/** What a NodeBatch must hold to before it may be stored. */
import { checkEvents, checkHistograms } from './check-events.js';
import { cgroupMetrics } from './metrics.js';
import type { Columns, WindowBatch } from './decode.js';
import { HIGH, LOW, halvesOf } from './halves.js';
import { LARGEST_DELTA } from './limits.js';

const LARGEST_DELTA_HIGH = 1 << 21;
const LARGEST_NAME = 253;

/** @returns why the batch cannot be used, in one sentence that names the field; undefined where it can. */
export function checkBatch(batch: WindowBatch): string | undefined {
  return (
    checkHead(batch) ??
    checkColumns(batch.cgroups) ??
    checkInfos(batch) ??
    checkHistograms(batch) ??
    checkEvents(batch)
  );
}

function checkHead(batch: WindowBatch): string | undefined {
  for (const field of ['cluster', 'node', 'bootId'] as const) {
    const value = batch[field];
    if (value === '') return `${field} is empty`;
    if (value.length > LARGEST_NAME) return `${field} is longer than ${LARGEST_NAME} characters`;
    if (/\p{Cc}/u.test(value)) return `${field} holds a control character`;
  }
  if (batch.seq === 0n) return 'seq is 0; it counts from 1';
  if (batch.windowStartMs === 0n) return 'windowStartMs is missing';
  if (batch.windowEndMs < batch.windowStartMs) return 'windowEndMs lies before windowStartMs';
  if (batch.windowEndMs > 253402300799000n) return 'windowEndMs lies past the year 9999';
  return undefined;
}

function checkColumns(columns: Columns | undefined): string | undefined {
  if (!columns) return undefined;
  const count = columns.ids.length;
  if (namesTwice(columns.ids)) return 'cgroups.ids names a cgroup twice';
  for (const { column } of cgroupMetrics) {
    const values = columns[column];
    if (values.length === 0) continue;
    if (values.length !== count) return `cgroups.${column} has ${values.length} values for ${count} ids`;
    if (exceeds(values)) return `cgroups.${column} holds a value above 2^53`;
  }
  return undefined;
}

type List = Columns['ids'];

function exceeds(values: List): boolean {
  if (!(values instanceof BigUint64Array)) return values.some((value) => value > LARGEST_DELTA);
  const halves = halvesOf(values);
  for (let at = 0; at < halves.length; at += 2) {
    const high = halves[at + HIGH]!;
    if (high >= LARGEST_DELTA_HIGH && (high > LARGEST_DELTA_HIGH || halves[at + LOW]! > 0)) return true;
  }
  return false;
}

/** Sorted as a typed array: a set of bigints costs ten times as much. */
function namesTwice(ids: List): boolean {
  if (!(ids instanceof BigUint64Array)) return new Set(ids).size !== ids.length;
  return !ascend(ids) && !ascend(ids.slice().sort());
}

/** Each above the one before. */
function ascend(ids: BigUint64Array): boolean {
  const halves = halvesOf(ids);
  for (let at = 2; at < halves.length; at += 2) {
    const [high, before] = [halves[at + HIGH]!, halves[at - 2 + HIGH]!];
    if (high < before || (high === before && halves[at + LOW]! <= halves[at - 2 + LOW]!)) return false;
  }
  return true;
}

function checkInfos(batch: WindowBatch): string | undefined {
  const bad = batch.cgroupInfos.find((info) => info.path === '' || info.path.length > 4096);
  return bad && `cgroupInfos: the path of cgroup ${bad.id} is empty or longer than 4096 characters`;
}
