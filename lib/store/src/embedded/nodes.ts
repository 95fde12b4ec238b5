import type { DuckDBBlobValue } from '@duckdb/node-api';
import { decodeRecord, dentriesMetric, growth } from '../record.js';
import { bound } from '../request.js';
import type { NodeRecord, NodesRequest } from '../types.js';
import { Statement } from './statement.js';

/** SQL for the newest record of each node, with the dentries of its oldest and newest window in the growth's time. */
export function nodesSql(request: NodesRequest): { sql: string; values: Statement['values'] } {
  const statement = new Statement();
  const conditions = [`seen_ms >= ${statement.integer(bound(request.sinceMs))}`];
  if (request.cluster !== undefined) conditions.push(`cluster = ${statement.text(request.cluster)}`);
  if (request.node !== undefined) conditions.push(`node = ${statement.text(request.node)}`);
  const figure = `"${dentriesMetric.name}"`;
  const sql = `WITH last AS (
      SELECT boot, cluster, node, newest_ms, newest_record FROM boots WHERE ${conditions.join(' AND ')}
      QUALIFY row_number() OVER (PARTITION BY cluster, node ORDER BY seen_ms DESC, boot DESC) = 1)
    SELECT newest_record, from_value, from_ms, to_value, to_ms FROM last LEFT JOIN (
      SELECT w.boot,
        arg_min(${figure}, w.start_ms) AS from_value, arg_min(w.end_ms, w.start_ms) AS from_ms,
        arg_max(${figure}, w.start_ms) AS to_value, arg_max(w.end_ms, w.start_ms) AS to_ms
      FROM windows w JOIN last ON w.boot = last.boot
        AND w.start_ms >= last.newest_ms - ${statement.integer(bound(request.growthOverMs))}
        AND w.start_ms <= last.newest_ms
      WHERE ${figure} IS NOT NULL GROUP BY w.boot) grown ON grown.boot = last.boot
    ORDER BY cluster, node`;
  return { sql, values: statement.values };
}

export function nodesResult(rows: readonly Record<string, unknown>[]): NodeRecord[] {
  return rows.map((row) => ({
    newest: decodeRecord((row['newest_record'] as DuckDBBlobValue).bytes),
    growthPerSecond: growthOf(row),
  }));
}

function growthOf(row: Record<string, unknown>): number | undefined {
  if (row['from_ms'] === null) return undefined;
  const { from_value, from_ms, to_value, to_ms } = row as Record<string, bigint>;
  return growth({ value: from_value!, endMs: from_ms! }, { value: to_value!, endMs: to_ms! });
}
