/** Times in queries: RFC 3339, or a length back from now. */
import { Problem } from '@dentryscope/contracts';
import { parseDuration } from '@dentryscope/runtime';
import type { TimeRange } from '@dentryscope/store';

const HOUR_MS = 3_600_000;
const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Date.parse takes the 30th of February for the 2nd of March. */
function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** @returns Unix milliseconds; undefined where the text is no RFC 3339 time. */
export function parseTime(text: string): number | undefined {
  const [, year, month, day] = rfc3339.exec(text)?.map(Number) ?? [];
  if (year === undefined || !isDay(year, month!, day!)) return undefined;
  const ms = Date.parse(text.toUpperCase());
  return Number.isNaN(ms) ? undefined : ms;
}

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
