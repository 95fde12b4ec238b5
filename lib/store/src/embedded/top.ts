import type { Dimension, Owner } from '@dentryscope/contracts';
import { combined, termSql } from '../combine.js';
import { OVERFLOW_PATH, ownerFields, tieOrder } from '../owner.js';
import type { OwnerField } from '../owner.js';
import type { TopRequest, TopResult } from '../types.js';
import { identities } from './schema.js';
import { rowsOf } from './tables.js';
import type { Asked } from './widen.js';
import { Statement, inLastBoots, inRange, ofCgroups } from './statement.js';

/** Where each field of an owner is found: `f` figures, `b` boots, `i` identities. */
const columns: Record<OwnerField, string> = {
  cluster: 'b.cluster',
  node: 'b.node',
  bootId: 'b.boot_id',
  cgroupId: 'f.cgroup',
  path: `CASE WHEN f.cgroup = 0 THEN '${OVERFLOW_PATH}' ELSE i.path END`,
  namespace: 'i.namespace',
  workload: 'i.workload',
  pod: 'i.pod',
  container: 'i.container',
};

/** SQL for the largest `limit` owners with the total over all in each row; both are sums of terms (see combine.ts). */
export function topSql({ request, hours }: Asked<TopRequest>): { sql: string; values: Statement['values'] } {
  const statement = new Statement();
  const owned =
    request.metric.level === 'node'
      ? nodeSums(statement, request)
      : cgroupSums(statement, request, rowsOf(request.metric, hours));
  const fields: readonly OwnerField[] = ['cluster', ...ownerFields[request.by]];
  const ties = tieOrder.filter((field) => fields.includes(field)).map((field) => `"${field}" NULLS LAST`);
  const sql = `WITH owned AS (${owned})
    SELECT *, sum(value) OVER () AS total FROM owned
    ORDER BY value DESC, ${ties.join(', ')} LIMIT ${statement.integer(BigInt(request.limit))}`;
  return { sql, values: statement.values };
}

/** @param source see tables.ts */
function cgroupSums(statement: Statement, request: TopRequest, source: string): string {
  const { by, filter, metric } = request;
  const gauge = metric.kind === 'gauge';
  const where = [inRange(statement, request, filter), ofCgroups(statement, filter)];
  if (gauge) where.push(inLastBoots(statement, request, filter));
  return `SELECT ${ownerColumns(by).join(', ')}, sum(${termSql(metric, 'f.value')}) AS value
    FROM (SELECT boot, cgroup, ${overTime(metric)} AS value FROM ${source}
          WHERE ${where.join(' AND ')} AND "${metric.name}" IS NOT NULL GROUP BY boot, cgroup) f
    JOIN boots b USING (boot) LEFT JOIN ${identities} i ON i.boot = f.boot AND i.cgroup = f.cgroup
    GROUP BY ALL`;
}

const overTime = ({ name, kind }: TopRequest['metric']) =>
  kind === 'gauge' ? `arg_max("${name}", start_ms)` : `sum("${name}")`;

function ownerColumns(by: Dimension): string[] {
  const fields: readonly OwnerField[] = ownerFields[by];
  const known = columns[fields[0]!];
  const own = fields.map(
    (field) => `CASE WHEN ${known} IS NOT NULL THEN ${columns[field]} END AS "${field}"`,
  );
  return ['b.cluster AS cluster', ...own];
}

function nodeSums(statement: Statement, { metric, filter, ...range }: TopRequest): string {
  return `SELECT cluster, node, ${termSql(metric, 'value')} AS value FROM (
    SELECT b.cluster AS cluster, b.node AS node, ${overTime(metric)} AS value
    FROM windows w JOIN boots b USING (boot)
    WHERE ${inRange(statement, range, filter)} AND "${metric.name}" IS NOT NULL GROUP BY ALL)`;
}

type Row = Record<string, unknown>;

export function topResult(rows: readonly Row[], { request, hours }: Asked<TopRequest>): TopResult {
  const { by, metric, fromMs, toMs } = request;
  const fields: readonly OwnerField[] = ['cluster', ...ownerFields[by]];
  const value = (row: Row, column: string) => combined(metric, row[column] as bigint);
  return {
    ...(rows[0] && { total: value(rows[0], 'total') }),
    rows: rows.map((row) => ({ owner: toOwner(row, fields), value: value(row, 'value') })),
    ...(hours ? { widened: { fromMs, toMs } } : {}),
  };
}

function toOwner(row: Row, fields: readonly OwnerField[]): Owner {
  const known = fields.filter((field) => row[field] !== null);
  return Object.fromEntries(known.map((field) => [field, String(row[field])])) as Owner;
}
