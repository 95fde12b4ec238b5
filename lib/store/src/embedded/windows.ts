/** Windows that the file does not hold yet, and how they get in. */
import { BIGINT, BLOB, INTEGER, UBIGINT, VARCHAR, blobValue } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { nodeMetrics } from '@dentryscope/contracts';
import type { WindowBatch } from '@dentryscope/contracts';
import { encodeRecord, nodeFigure, sees } from '../record.js';
import { appendColumns, appendNamed } from './append.js';
import type { Boots } from './boots.js';
import { seenText } from './tables.js';

export interface Window {
  readonly boot: number;
  readonly batch: WindowBatch;
}

const keyOf = (boot: unknown, startMs: unknown) => `${boot} ${startMs}`;

/** Drops the windows that are in the file, and those that come a second time in the same call. */
export async function freshWindows(
  connection: DuckDBConnection,
  boots: Boots,
  batches: readonly WindowBatch[],
): Promise<Window[]> {
  const windows = new Map<string, Window>();
  for (const batch of batches) {
    const boot = boots.number(batch);
    const key = keyOf(boot, batch.windowStartMs);
    if (!windows.has(key)) windows.set(key, { boot, batch });
  }
  for (const key of await stored(connection, [...windows.values()])) windows.delete(key);
  return [...windows.values()];
}

async function stored(connection: DuckDBConnection, windows: readonly Window[]): Promise<string[]> {
  await connection.run('CREATE OR REPLACE TEMP TABLE asked (boot INTEGER, start_ms BIGINT)');
  await appendColumns(connection, 'asked', [
    { type: INTEGER, values: windows.map(({ boot }) => boot) },
    { type: BIGINT, values: windows.map(({ batch }) => batch.windowStartMs) },
  ]);
  // The bounds let DuckDB pass over what is older, which is nearly all of the table.
  const starts = windows.map(({ batch }) => batch.windowStartMs).sort(compare);
  const held = await connection.runAndReadAll(
    `SELECT boot, start_ms FROM asked SEMI JOIN (
       SELECT boot, start_ms FROM windows WHERE start_ms BETWEEN $1::BIGINT AND $2::BIGINT
     ) USING (boot, start_ms)`,
    [starts[0]!, starts.at(-1)!],
  );
  return held.getRows().map(([boot, startMs]) => keyOf(boot, startMs));
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b));

export async function appendWindows(connection: DuckDBConnection, windows: readonly Window[]): Promise<void> {
  const figures = nodeMetrics.map((metric) => {
    return [
      metric.name,
      { type: BIGINT, values: windows.map(({ batch }) => nodeFigure(batch, metric) ?? null) },
    ];
  });
  await appendNamed(connection, 'windows', {
    boot: { type: INTEGER, values: windows.map(({ boot }) => boot) },
    start_ms: { type: BIGINT, values: windows.map(({ batch }) => batch.windowStartMs) },
    end_ms: { type: BIGINT, values: windows.map(({ batch }) => batch.windowEndMs) },
    seq: { type: UBIGINT, values: windows.map(({ batch }) => batch.seq) },
    seen: { type: VARCHAR, values: windows.map(({ batch }) => seenText((metric) => sees(batch, metric))) },
    ...Object.fromEntries(figures),
  });
}

/** Keeps with each boot its newest window by sequence number, and the start of the newest by time. */
export async function rememberNewest(
  connection: DuckDBConnection,
  windows: readonly Window[],
): Promise<void> {
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE newest (boot INTEGER, seen_ms BIGINT, seq UBIGINT, start_ms BIGINT, record BLOB)',
  );
  const rows = [...newestByBoot(windows).values()];
  await appendColumns(connection, 'newest', [
    { type: INTEGER, values: rows.map(({ last }) => last.boot) },
    { type: BIGINT, values: rows.map(({ seenMs }) => seenMs) },
    { type: UBIGINT, values: rows.map(({ last }) => last.batch.seq) },
    { type: BIGINT, values: rows.map(({ last }) => last.batch.windowStartMs) },
    { type: BLOB, values: rows.map(({ last }) => blobValue(encodeRecord(last.batch))) },
  ]);
  const newer = 'boots.newest_seq IS NULL OR newest.seq > boots.newest_seq';
  await connection.run(`UPDATE boots SET
      seen_ms = greatest(boots.seen_ms, newest.seen_ms),
      newest_seq = greatest(boots.newest_seq, newest.seq),
      newest_ms = CASE WHEN ${newer} THEN newest.start_ms ELSE boots.newest_ms END,
      newest_record = CASE WHEN ${newer} THEN newest.record ELSE boots.newest_record END
    FROM newest WHERE boots.boot = newest.boot`);
}

function newestByBoot(windows: readonly Window[]) {
  const newest = new Map<number, { last: Window; seenMs: bigint }>();
  for (const window of windows) {
    const { seq, windowStartMs } = window.batch;
    const known = newest.get(window.boot);
    const last = known && known.last.batch.seq > seq ? known.last : window;
    const seenMs = known && known.seenMs > windowStartMs ? known.seenMs : windowStartMs;
    newest.set(window.boot, { last, seenMs });
  }
  return newest;
}
