/** What the events and histograms of a NodeBatch must hold to before it may be stored. */
import type { NodeBatch } from './gen/dentryscope/v1/wire_pb.js';

const LARGEST_VALUE = 1n << 53n;
const LATEST_MS = 253402300799000n;
const MOST_EVENTS = 10_000;
const MOST_FRAMES = 256;
const MOST_BUCKETS = 64;
const LONGEST_TEXT = 4096;
const LONGEST_WORD = 64;

/** @returns why, in one sentence that names the field; undefined where there is nothing wrong */
export function checkEvents({
  reclaims,
  stalls,
}: Pick<NodeBatch, 'reclaims' | 'stalls'>): string | undefined {
  return (
    tooMany('reclaims', reclaims) ??
    tooMany('stalls', stalls) ??
    first(reclaims, (event, at) => checkEvent(`reclaims[${at}]`, event)) ??
    first(stalls, (event, at) => checkEvent(`stalls[${at}]`, event)) ??
    first(stalls, checkStall)
  );
}

/** @returns as checkEvents does */
export function checkHistograms({
  liveAges,
  runQueue,
}: Pick<NodeBatch, 'liveAges' | 'runQueue'>): string | undefined {
  return (
    (liveAges &&
      checkBuckets('liveAges', 'dentries', liveAges.ids, liveAges.boundsSeconds, liveAges.dentries)) ??
    (runQueue && checkBuckets('runQueue', 'waits', runQueue.ids, runQueue.boundsNs, runQueue.waits))
  );
}

interface Event {
  readonly kind: string;
  readonly startMs: bigint;
  readonly durationNs: bigint;
  readonly freed?: bigint;
  readonly scanned?: bigint | undefined;
}

/** A kind that is not known here is a newer agent's: its window's figures are good, and who shows kinds shows them as text. */
function checkEvent(field: string, event: Event): string | undefined {
  if (event.kind === '') return `${field}.kind is empty`;
  if (event.kind.length > LONGEST_WORD) return `${field}.kind is longer than ${LONGEST_WORD} characters`;
  if (event.startMs === 0n) return `${field}.startMs is missing`;
  if (event.startMs > LATEST_MS) return `${field}.startMs lies past the year 9999`;
  for (const name of ['durationNs', 'freed', 'scanned'] as const)
    if ((event[name] ?? 0n) > LARGEST_VALUE) return `${field}.${name} is above 2^53`;
  const long = Object.entries(event).find(
    ([, value]) => typeof value === 'string' && value.length > LONGEST_TEXT,
  );
  return long && `${field}.${long[0]} is longer than ${LONGEST_TEXT} characters`;
}

function checkStall({ cause, stack }: NodeBatch['stalls'][number], at: number): string | undefined {
  if (cause.length > LONGEST_WORD) return `stalls[${at}].cause is longer than ${LONGEST_WORD} characters`;
  if (stack.length > MOST_FRAMES)
    return `stalls[${at}].stack has ${stack.length} frames: at most ${MOST_FRAMES}`;
  return stack.some((frame) => frame.length > LONGEST_TEXT)
    ? `stalls[${at}].stack holds a frame longer than ${LONGEST_TEXT} characters`
    : undefined;
}

function checkBuckets(
  field: string,
  values: string,
  ids: readonly bigint[],
  bounds: readonly bigint[],
  counts: readonly bigint[],
): string | undefined {
  const buckets = bounds.length + 1;
  if (buckets > MOST_BUCKETS) return `${field} has ${buckets} buckets: at most ${MOST_BUCKETS}`;
  if (bounds.some((bound, n) => n > 0 && bound <= bounds[n - 1]!))
    return `the bounds of ${field} do not rise`;
  if (new Set(ids).size !== ids.length) return `${field}.ids names a cgroup twice`;
  if (counts.length !== ids.length * buckets)
    return `${field}.${values} has ${counts.length} values for ${ids.length} ids of ${buckets} buckets`;
  return counts.some((count) => count > LARGEST_VALUE)
    ? `${field}.${values} holds a value above 2^53`
    : undefined;
}

function tooMany(field: string, events: readonly unknown[]): string | undefined {
  return events.length > MOST_EVENTS
    ? `${field} holds ${events.length} events: at most ${MOST_EVENTS}`
    : undefined;
}

function first<T>(
  items: readonly T[],
  check: (item: T, at: number) => string | undefined,
): string | undefined {
  for (const [at, item] of items.entries()) {
    const wrong = check(item, at);
    if (wrong) return wrong;
  }
  return undefined;
}
