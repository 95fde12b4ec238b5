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

export interface Kept {
  /** Hours before it are rolled up. */
  readonly rolledMs: number;
  /**
   * Windows from there on are there for sure; later than the other where the roll-up has not been run in time. Both Unix
   * milliseconds of whole hours.
   */
  readonly windowsMs: number;
}

const COARSE: readonly string[] = ['node', 'workload', 'namespace'];
const FINE = ['pod', 'container', 'cgroup'] as const;

export function split<R extends Request>(request: R, { rolledMs, windowsMs }: Kept): Split<R> {
  if (!inHours(request) || request.fromMs >= rolledMs) return windowsAlone(request, windowsMs);
  // What lies between them is gone: no sum of both would be one.
  if (request.toMs > rolledMs && rolledMs < windowsMs) return windowsAlone(request, windowsMs);
  const stepMs = wholeHours(stepOf(request));
  const toMs = request.toMs < rolledMs ? wholeHours(request.toMs) : request.toMs;
  const hoursToMs = Math.min(toMs, rolledMs);
  // So far back that no step has windows and hours in it.
  const steps = Math.ceil((hoursToMs - hourOf(request.fromMs)) / (stepMs || 1));
  const fromMs = stepMs === 0 ? hourOf(request.fromMs) : hoursToMs - steps * stepMs;
  const whole = { ...request, fromMs, toMs, ...(stepMs > 0 && { stepMs }) };
  return {
    hours: { ...whole, toMs: hoursToMs },
    ...(toMs > rolledMs && { windows: { ...whole, fromMs: rolledMs } }),
    widened: { fromMs, toMs, stepMs },
  };
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
