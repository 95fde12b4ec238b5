import type { DuckDBBlobValue } from '@duckdb/node-api';
import { decodeRecord, dentriesMetric, growth } from '../record.js';
import { bound } from '../request.js';
import type { NodeRecord, NodesRequest } from '../types.js';
import { Statement } from './statement.js';

/** SQL for the newest record of each node, with the dentries of the oldest window in the growth's time. */
export function nodesSql(request: NodesRequest): { sql: string; values: Statement['values'] } {
  const statement = new Statement();
  const conditions = [`seen_ms >= ${statement.integer(bound(request.sinceMs))}`];
  if (request.cluster !== undefined) conditions.push(`cluster = ${statement.text(request.cluster)}`);
  if (request.node !== undefined) conditions.push(`node = ${statement.text(request.node)}`);
  const figure = `"${dentriesMetric.name}"`;
  const sql = `WITH last AS (
      SELECT boot, cluster, node, newest_ms, newest_record FROM boots WHERE ${conditions.join(' AND ')}
      QUALIFY row_number() OVER (PARTITION BY cluster, node ORDER BY seen_ms DESC, boot DESC) = 1)
    SELECT newest_record, value, end_ms FROM last LEFT JOIN (
      SELECT w.boot,
        arg_min(${figure}, w.start_ms) AS value, arg_min(w.end_ms, w.start_ms) AS end_ms
      FROM windows w JOIN last ON w.boot = last.boot
        AND w.start_ms >= last.newest_ms - ${statement.integer(bound(request.growthOverMs))}
        AND w.start_ms <= last.newest_ms
      WHERE ${figure} IS NOT NULL GROUP BY w.boot) grown ON grown.boot = last.boot
    ORDER BY cluster, node`;
  return { sql, values: statement.values };
}

export function nodesResult(rows: readonly Record<string, unknown>[]): NodeRecord[] {
  return rows.map(({ newest_record, value, end_ms }) => {
    const newest = decodeRecord((newest_record as DuckDBBlobValue).bytes);
    const from = value === null ? undefined : { value: value as bigint, endMs: end_ms as bigint };
    return { newest, growthPerSecond: growth(from, newest) };
  });
}
