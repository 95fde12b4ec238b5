/** What a question about cgroups becomes where it reaches back to hours that are rolled up. */
import type { SeriesRequest, TopRequest } from '../types.js';
import { hourOf, wholeHours } from '../hour.js';

/** A question that the store can answer exactly. */
export interface Asked<R> {
  readonly request: R;
  /** Whether the table of hours has a part in it. */
  readonly hours: boolean;
}

/**
 * Of a rolled up hour nobody can say which part lies in which half of it. So the range grows to whole hours where it cuts
 * one before `untilMs`, and steps that start there become whole hours. Figures of nodes are kept window by window.
 */
export function widened<R extends TopRequest | SeriesRequest>(
  request: R,
  untilMs: number | undefined,
): Asked<R> {
  const { metric, fromMs, toMs } = request;
  if (metric.level === 'node' || untilMs === undefined || fromMs >= untilMs || fromMs >= toMs)
    return { request, hours: false };
  const range = { fromMs: hourOf(fromMs), toMs: toMs < untilMs ? wholeHours(toMs) : toMs };
  const step = 'stepMs' in request ? { stepMs: wholeHours(request.stepMs) } : {};
  return { request: { ...request, ...range, ...step }, hours: true };
}
