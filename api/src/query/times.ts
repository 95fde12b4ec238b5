/** Times in queries: RFC 3339, or a length back from now. */
import { Problem } from '@dentryscope/contracts';
import { parseDuration, parseTime } from '@dentryscope/runtime';
import type { TimeRange } from '@dentryscope/store';

const HOUR_MS = 3_600_000;

/** @param given as it stands in the query, e.g. from=yesterday */
function badTime(given: string, or: string): Problem {
  // A + in a query that is not written %2B arrives as a blank.
  const hint = given.includes(' ') ? ' In a query, a + is written %2B.' : '';
  return new Problem(
    'invalid_request',
    `${given} is no RFC 3339 time such as 2026-11-21T08:55:00Z${or}.${hint}`,
  );
}

function lengthBack(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined; // not a length: the caller says what would be right
  }
}

function fromOf(text: string, now: number): number {
  const back = lengthBack(text);
  const at = back === undefined ? parseTime(text) : now - back;
  if (at === undefined) throw badTime(`from=${text}`, ', nor a length back from now such as 15m');
  return at;
}

function toOf(text: string): number {
  const at = parseTime(text);
  if (at === undefined) throw badTime(`to=${text}`, '; left out, it is now');
  return at;
}

export const iso = (ms: number): string => new Date(ms).toISOString();

/** @throws Problem invalid_request */
export function rangeOf(query: { from?: string; to?: string }, now: number): TimeRange {
  const toMs = query.to === undefined ? now : toOf(query.to);
  const fromMs = query.from === undefined ? toMs - HOUR_MS : fromOf(query.from, now);
  if (fromMs < 0) throw new Problem('invalid_request', 'from lies before 1970.');
  if (fromMs >= toMs)
    throw new Problem('invalid_request', `from (${iso(fromMs)}) must lie before to (${iso(toMs)}).`);
  return { fromMs, toMs };
}
