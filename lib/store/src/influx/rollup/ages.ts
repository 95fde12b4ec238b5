/**
 * When an hour of windows is rolled up: once nothing can be added to it, and before InfluxDB drops it. InfluxDB drops whole
 * shards, whose length is a number of whole hours (docs.influxdata.com/influxdb/v2, "Shards"), once all in one is too old.
 */
import { HOUR_MS, hourOf, wholeHours } from '../../hour.js';
import type { InfluxOptions, RollupOptions } from '../open.js';

const LONGEST_MARGIN_MS = 24 * HOUR_MS;
const LONGEST_SLACK_MS = HOUR_MS;

/** Milliseconds before now. */
export interface Ages {
  /** A window that starts earlier is left out: its hour may be rolled up. */
  readonly lateMs: number;
  /** An hour that has ended before is rolled up: later than `lateMs`, by what clocks differ and a write may take. */
  readonly finalMs: number;
}

/** What is rolled up, and when. */
export interface Plan extends Ages {
  readonly rollup: RollupOptions;
  /** How long windows are kept. */
  readonly retentionMs: number;
  /** By what clocks may differ: `finalMs` less `lateMs`. */
  readonly slackMs: number;
}

/** @returns undefined where nothing is rolled up: windows are kept for ever, or at least as long as hours would be */
export function planOf(options: Pick<InfluxOptions, 'retentionMs' | 'rollup'>): Plan | undefined {
  const { retentionMs, rollup } = options;
  if (retentionMs === undefined || rollup === undefined || rollup.retentionMs <= retentionMs)
    return undefined;
  const marginMs = Math.min(LONGEST_MARGIN_MS, retentionMs / 2);
  const slackMs = Math.min(LONGEST_SLACK_MS, marginMs / 4);
  const lateMs = retentionMs - marginMs;
  return { rollup, retentionMs, slackMs, lateMs, finalMs: lateMs + slackMs };
}

/** How often hours have to be rolled up at least, so that none is dropped before, in milliseconds. */
export const mostBetweenMs = ({ finalMs, retentionMs }: Plan) => (retentionMs - finalMs) / 2;

/**
 * InfluxDB may have dropped windows before it: no more than whole hours, by a clock that may be ahead of this one. Later than what
 * is rolled up only where that was not done in time. Unix milliseconds.
 */
export const droppedUntilMs = ({ retentionMs, slackMs }: Plan, nowMs: number) =>
  hourOf(nowMs + slackMs - retentionMs);

/** All of the whole hours from there on is as young as a bucket that keeps so much promises. Unix milliseconds. */
export const keptFromMs = (retentionMs: number, nowMs: number) => wholeHours(nowMs - retentionMs);
