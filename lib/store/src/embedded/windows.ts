/** Windows that the file does not hold yet, and how they get in. */
import { BIGINT, BLOB, INTEGER, UBIGINT, blobValue } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { cgroupMetrics, nodeMetrics } from '@dentryscope/contracts';
import type { CgroupMetric, NodeBatch } from '@dentryscope/contracts';
import { encodeRecord, nodeFigure } from '../record.js';
import { appendColumns, appendNamed } from './append.js';
import type { Boots } from './boots.js';

export interface Window {
  readonly boot: number;
  readonly batch: NodeBatch;
}

const keyOf = (boot: unknown, startMs: unknown) => `${boot} ${startMs}`;

/** Drops the windows that are in the file, and those that come a second time in the same call. */
export async function freshWindows(
  connection: DuckDBConnection,
  boots: Boots,
  batches: readonly NodeBatch[],
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
  const held = await connection.runAndReadAll(
    'SELECT boot, start_ms FROM asked SEMI JOIN windows USING (boot, start_ms)',
  );
  return held.getRows().map(([boot, startMs]) => keyOf(boot, startMs));
}

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
    ...Object.fromEntries(figures),
  });
}

export async function appendFigures(connection: DuckDBConnection, windows: readonly Window[]): Promise<void> {
  const count = ({ batch }: Window) => batch.cgroups?.ids.length ?? 0;
  const full = windows.filter((window) => count(window) > 0);
  const each = (value: (window: Window) => DuckDBValue) =>
    full.flatMap((window) => new Array<DuckDBValue>(count(window)).fill(value(window)));
  const figures = cgroupMetrics.map((metric) => {
    return [metric.name, { type: BIGINT, values: full.flatMap((window) => column(window, metric)) }];
  });
  await appendNamed(connection, 'figures', {
    boot: { type: INTEGER, values: each(({ boot }) => boot) },
    start_ms: { type: BIGINT, values: each(({ batch }) => batch.windowStartMs) },
    cgroup: { type: UBIGINT, values: full.flatMap(({ batch }) => batch.cgroups!.ids) },
    ...Object.fromEntries(figures),
  });
}

/** A counter that the backend could not see has no array: it is NULL, which is not 0. */
function column({ batch }: Window, metric: CgroupMetric): DuckDBValue[] {
  const { ids, [metric.column]: values } = batch.cgroups!;
  return values.length > 0 ? values : new Array<DuckDBValue>(ids.length).fill(null);
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
