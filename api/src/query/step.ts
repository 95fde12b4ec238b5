import { Problem } from '@dentryscope/contracts';
import { parseDuration } from '@dentryscope/runtime';
import type { TimeRange } from '@dentryscope/store';

/** Prometheus has the same cap; a week of minutes is 10,080. */
export const MAX_POINTS = 11_000;
const DEFAULT_POINTS = 300;
const SECOND_MS = 1000;
const SHORTEST_DEFAULT_MS = 10 * SECOND_MS;

function parseStep(text: string): number {
  let ms = 0;
  try {
    ms = parseDuration(text);
  } catch (cause) {
    throw new Problem('invalid_request', `step=${text} ${(cause as Error).message}.`, { cause });
  }
  if (ms <= 0) throw new Problem('invalid_request', `step=${text} must be longer than nothing.`);
  return ms;
}

function defaultStep(lengthMs: number): number {
  const whole = Math.ceil(lengthMs / DEFAULT_POINTS / SECOND_MS) * SECOND_MS;
  return Math.max(SHORTEST_DEFAULT_MS, whole);
}

/** @returns milliseconds @throws Problem invalid_request, too_much */
export function stepOf(text: string | undefined, { fromMs, toMs }: TimeRange): number {
  const lengthMs = toMs - fromMs;
  const stepMs = text === undefined ? defaultStep(lengthMs) : parseStep(text);
  const points = Math.ceil(lengthMs / stepMs);
  if (points > MAX_POINTS)
    throw new Problem(
      'too_much',
      `step=${text} makes ${points} points of this range; at most ${MAX_POINTS} are given. A step of ${Math.ceil(lengthMs / MAX_POINTS / SECOND_MS)}s fits.`,
    );
  return stepMs;
}
