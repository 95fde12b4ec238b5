/** When an hour of windows is rolled up: once nothing can be added to it, and before InfluxDB drops it. */
import { HOUR_MS } from '../../hour.js';
import type { InfluxOptions } from '../open.js';

const LONGEST_MARGIN_MS = 24 * HOUR_MS;
const LONGEST_SLACK_MS = HOUR_MS;

/** Milliseconds before now. */
export interface Ages {
  /** A window that starts earlier is left out: its hour may be rolled up. */
  readonly lateMs: number;
  /** An hour that has ended before is rolled up: later than `lateMs`, by what clocks differ and a write may take. */
  readonly finalMs: number;
}

/** @returns undefined where nothing is rolled up: windows are kept for ever, or at least as long as hours would be */
export function agesOf({
  retentionMs,
  rollup,
}: Pick<InfluxOptions, 'retentionMs' | 'rollup'>): Ages | undefined {
  if (retentionMs === undefined || rollup === undefined || rollup.retentionMs <= retentionMs)
    return undefined;
  const marginMs = Math.min(LONGEST_MARGIN_MS, retentionMs / 2);
  const lateMs = retentionMs - marginMs;
  return { lateMs, finalMs: lateMs + Math.min(LONGEST_SLACK_MS, marginMs / 4) };
}

/** How often hours have to be rolled up at least, so that none is dropped before, in milliseconds. */
export const mostBetweenMs = ({ finalMs }: Ages, retentionMs: number) => (retentionMs - finalMs) / 2;
