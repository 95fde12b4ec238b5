/** Which steps the charts ask for. */
import type { RangeName } from './selection.js';

const MINUTE_MS = 60_000;
const lengths: Record<RangeName, { lengthMs: number; stepMs: number }> = {
  '5m': { lengthMs: 5 * MINUTE_MS, stepMs: 20_000 },
  '15m': { lengthMs: 15 * MINUTE_MS, stepMs: 20_000 },
  '1h': { lengthMs: 60 * MINUTE_MS, stepMs: MINUTE_MS },
  '6h': { lengthMs: 360 * MINUTE_MS, stepMs: 5 * MINUTE_MS },
};
/** A window is asked for once it should be there: it ends, and then has its way to the store (as in the API's `reporting`). */
const WAY_MS = 10_000;

export interface Steps {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/**
 * Whole steps only, on round times: the newest would lack windows that are still on their way, and its sum would
 * look like a drop. A step holds two windows at least, so that no node is missing in it.
 * @param nowMs by the clock of the API, not of this machine
 */
export function stepsOf(range: RangeName, nowMs: number, windowMs: number): Steps {
  const { lengthMs, stepMs: usual } = lengths[range];
  const stepMs = Math.max(usual, 2 * windowMs);
  const toMs = Math.floor((nowMs - windowMs - WAY_MS) / stepMs) * stepMs;
  return { fromMs: toMs - Math.ceil(lengthMs / stepMs) * stepMs, toMs, stepMs };
}
