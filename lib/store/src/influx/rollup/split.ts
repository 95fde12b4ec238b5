/** What a question becomes where it reaches back to before the windows that are kept. */
import { hourOf, wholeHours } from '../../hour.js';
import type { SeriesRequest, TimeRange, TopRequest } from '../../types.js';

type Request = TopRequest | SeriesRequest;

/** Each part is asked for by itself; a window is in one of them. */
export interface Split<R extends Request> {
  readonly hours?: R;
  readonly windows?: R;
  /** What is answered, where that may not be what was asked for. */
  readonly widened?: TimeRange & { readonly stepMs: number };
}

/** All Unix milliseconds of whole hours. */
export interface Kept {
  /** Hours before it are rolled up. */
  readonly rolledMs: number;
  /** All windows from there on are as young as the setting promises. */
  readonly windowsMs: number;
  /** Windows before it may be gone; later than `rolledMs` where the roll-up has not been run in time. */
  readonly droppedMs: number;
  /** All hours from there on are as young as the setting promises. */
  readonly hoursMs: number;
}

const COARSE: readonly string[] = ['node', 'workload', 'namespace'];
const FINE = ['pod', 'container', 'cgroup'] as const;

export function split<R extends Request>(request: R, kept: Kept): Split<R> {
  const { rolledMs, windowsMs, droppedMs } = kept;
  if (!inHours(request)) return windowsAlone(request, windowsMs);
  // What lies between them is gone: no sum of both would be one.
  if (request.toMs > rolledMs && rolledMs < Math.min(droppedMs, windowsMs))
    return windowsAlone(request, windowsMs);
  if (request.fromMs >= rolledMs) return { windows: request };
  const toMs = request.toMs < rolledMs ? wholeHours(request.toMs) : request.toMs;
  const hoursToMs = Math.min(toMs, rolledMs);
  const range = { ...hoursOf(request, hoursToMs, kept), toMs };
  const whole = { ...request, ...range };
  return {
    ...(range.fromMs < hoursToMs && { hours: { ...whole, toMs: hoursToMs } }),
    ...(toMs > rolledMs && { windows: { ...whole, fromMs: rolledMs } }),
    widened: { ...range, stepMs: range.stepMs ?? 0 },
  };
}

/** From where on hours are asked, and by which steps: so far back that no step has windows and hours in it. */
function hoursOf(request: Request, toMs: number, { hoursMs }: Kept): { fromMs: number; stepMs?: number } {
  const askedMs = hourOf(request.fromMs);
  const keptMs = Math.min(hoursMs, toMs);
  if (!('stepMs' in request)) return { fromMs: Math.max(askedMs, keptMs) };
  const stepMs = wholeHours(request.stepMs);
  const fromMs = toMs - Math.ceil((toMs - askedMs) / stepMs) * stepMs;
  return fromMs >= keptMs ? { fromMs, stepMs } : wholeSteps({ keptMs, toMs, stepMs });
}

/** A step that begins before what is kept would be too small. One that is longer than all that is kept is as long as that. */
function wholeSteps({ keptMs, toMs, stepMs }: Record<'keptMs' | 'toMs' | 'stepMs', number>) {
  if (keptMs === toMs) return { fromMs: toMs, stepMs };
  const shorterMs = Math.min(stepMs, toMs - keptMs);
  return { fromMs: toMs - Math.floor((toMs - keptMs) / shorterMs) * shorterMs, stepMs: shorterMs };
}

/** Hours have no pods, and no gauges of cgroups. */
function inHours(request: Request): boolean {
  const { metric, filter } = request;
  if (metric.level === 'node') return true;
  const coarse = !('by' in request) || COARSE.includes(request.by);
  return metric.kind === 'counter' && coarse && FINE.every((name) => filter[name] === undefined);
}

/** Only what can be known where hours can't be asked. */
function windowsAlone<R extends Request>(request: R, windowsMs: number): Split<R> {
  if (request.fromMs >= windowsMs) return { windows: request };
  const fromMs = Math.min(windowsMs, request.toMs);
  const widened = { fromMs, toMs: request.toMs, stepMs: stepOf(request) };
  return fromMs < request.toMs ? { windows: { ...request, fromMs }, widened } : { widened };
}

/** 0: the whole range is one. */
const stepOf = (request: Request) => ('stepMs' in request ? request.stepMs : 0);
