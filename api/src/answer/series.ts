import type { SeriesAnswer } from '@dentryscope/contracts';
import type { Gap, SeriesRequest, SeriesResult, SeriesStep } from '@dentryscope/store';
import { iso } from '../query/times.js';

type Points = SeriesAnswer['points'];

/** Every step of the range, in order; null where the store had none: a gap is not 0. */
function pointsOf({ fromMs, toMs, stepMs }: SeriesRequest, steps: readonly SeriesStep[]): Points {
  const values = new Map(steps.map(({ startMs, value }) => [startMs, value]));
  const count = Math.ceil((toMs - fromMs) / stepMs);
  return Array.from({ length: count }, (_, index) => {
    const startMs = fromMs + index * stepMs;
    return { time: iso(startMs), value: values.get(startMs) ?? null };
  });
}

const gapOf = ({ fromMs, toMs, ...gap }: Gap): NonNullable<SeriesAnswer['gaps']>[number] => ({
  ...gap,
  from: iso(fromMs),
  to: iso(toMs),
});

export function seriesOf(
  asked: SeriesRequest,
  { steps, widened }: SeriesResult,
  gaps: readonly Gap[] | null,
): SeriesAnswer {
  const request = { ...asked, ...widened };
  return {
    metric: request.metric.name,
    unit: request.metric.unit,
    from: iso(request.fromMs),
    to: iso(request.toMs),
    stepMs: request.stepMs,
    points: pointsOf(request, steps),
    gaps: gaps?.map(gapOf) ?? null,
  };
}

/** RFC 4180; an empty value: no window in the step. */
export function toCsv({ points }: SeriesAnswer): string {
  const lines = points.map(({ time, value }) => `${time},${value ?? ''}`);
  return ['time,value', ...lines, ''].join('\r\n');
}
