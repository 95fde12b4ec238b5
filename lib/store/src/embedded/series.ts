import { combined, termSql } from '../combine.js';
import type { SeriesRequest, SeriesResult } from '../types.js';
import { rowsOf } from './tables.js';
import type { Asked } from './widen.js';
import { Statement, inLastBoots, inRange, ofCgroups } from './statement.js';

/** SQL for (step, sum of terms), in order; a step without the figure has no row. */
export function seriesSql({ request, hours }: Asked<SeriesRequest>): {
  sql: string;
  values: Statement['values'];
} {
  const statement = new Statement();
  const step = `(start_ms - ${statement.integer(BigInt(request.fromMs))}) // ${statement.integer(BigInt(request.stepMs))}`;
  const { metric } = request;
  const rows = metric.kind === 'gauge' ? gauges : counters;
  const source = metric.level === 'cgroup' ? rowsOf(metric, hours) : 'windows';
  return { sql: `${rows(statement, request, step, source)} ORDER BY step`, values: statement.values };
}

/** @param source see tables.ts */
type Sql = (statement: Statement, request: SeriesRequest, step: string, source: string) => string;

const counters: Sql = (statement, { metric, filter, ...range }, step, source) => {
  const cgroups = metric.level === 'cgroup' ? ofCgroups(statement, filter) : 'true';
  return `SELECT ${step} AS step, sum("${metric.name}") AS value FROM ${source}
    WHERE ${inRange(statement, range, filter)} AND ${cgroups} AND "${metric.name}" IS NOT NULL GROUP BY step`;
};

const gauges: Sql = (statement, request, step, source) =>
  (request.metric.level === 'cgroup' ? cgroupGauges : nodeGauges)(statement, request, step, source);

const nodeGauges: Sql = (statement, { metric, filter, ...range }, step, source) => `
    SELECT step, sum(${termSql(metric, 'value')}) AS value FROM (
      SELECT ${step} AS step, b.cluster, b.node, arg_max("${metric.name}", start_ms) AS value
      FROM ${source} JOIN boots b USING (boot)
      WHERE ${inRange(statement, range, filter)} AND "${metric.name}" IS NOT NULL GROUP BY ALL
    ) GROUP BY step`;

const cgroupGauges: Sql = (statement, { metric, filter, ...range }, step, source) => {
  const where = [inRange(statement, range, filter), ofCgroups(statement, filter)];
  where.push(inLastBoots(statement, range, filter, step));
  return `SELECT step, sum(${termSql(metric, 'value')}) AS value FROM (
      SELECT ${step} AS step, boot, cgroup, arg_max("${metric.name}", start_ms) AS value FROM ${source}
      WHERE ${where.join(' AND ')} AND "${metric.name}" IS NOT NULL GROUP BY ALL
    ) GROUP BY step`;
};

export function seriesResult(
  rows: readonly Record<string, unknown>[],
  { request, hours }: Asked<SeriesRequest>,
): SeriesResult {
  const { metric, fromMs, toMs, stepMs } = request;
  const steps = rows.map(({ step, value }) => ({
    startMs: fromMs + Number(step) * stepMs,
    value: combined(metric, value as bigint),
  }));
  return { steps, ...(hours ? { widened: { fromMs, toMs, stepMs } } : {}) };
}
