/** When an agent was there: its windows are numbered without a gap, whatever it missed while it was away. */
import type { Absence } from './plan.js';

export function presentAt(absence: Absence | undefined, window: number): boolean {
  if (!absence) return true;
  const at = window % absence.period;
  return at < absence.from || at >= absence.from + absence.length;
}

/** The sequence number of a window, from 1; only for windows in which the agent was there. */
export function seqAt(absence: Absence | undefined, window: number): number {
  if (!absence) return window + 1;
  const { period, from, length } = absence;
  const at = window % period;
  return Math.floor(window / period) * (period - length) + at + 1 - (at < from ? 0 : length);
}
