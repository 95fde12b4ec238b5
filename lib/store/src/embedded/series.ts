import type { CgroupMetric } from '@dentryscope/contracts';
import { combined, termSql } from '../combine.js';
import type { SeriesRequest, SeriesStep } from '../types.js';
import { rowsOf } from './tables.js';
import { Statement, inLastBoots, inRange, ofCgroups } from './statement.js';

/** SQL for (step, sum of terms), in order; a step without the figure has no row. */
export function seriesSql(request: SeriesRequest): { sql: string; values: Statement['values'] } {
  const statement = new Statement();
  const step = `(start_ms - ${statement.integer(BigInt(request.fromMs))}) // ${statement.integer(BigInt(request.stepMs))}`;
  const { metric } = request;
  const rows = metric.kind === 'gauge' ? gauges : counters;
  return { sql: `${rows(statement, request, step)} ORDER BY step`, values: statement.values };
}

type Sql = (statement: Statement, request: SeriesRequest, step: string) => string;

const counters: Sql = (statement, { metric, filter, ...range }, step) => {
  const isCgroups = metric.level === 'cgroup';
  const cgroups = isCgroups ? ofCgroups(statement, filter) : 'true';
  return `SELECT ${step} AS step, sum("${metric.name}") AS value FROM ${isCgroups ? rowsOf(metric) : 'windows'}
    WHERE ${inRange(statement, range, filter)} AND ${cgroups} AND "${metric.name}" IS NOT NULL GROUP BY step`;
};

const gauges: Sql = (statement, request, step) =>
  request.metric.level === 'cgroup'
    ? cgroupGauges(statement, request, request.metric, step)
    : nodeGauges(statement, request, step);

const nodeGauges: Sql = (statement, { metric, filter, ...range }, step) => `
    SELECT step, sum(${termSql(metric, 'value')}) AS value FROM (
      SELECT ${step} AS step, b.cluster, b.node, arg_max("${metric.name}", start_ms) AS value
      FROM windows JOIN boots b USING (boot)
      WHERE ${inRange(statement, range, filter)} AND "${metric.name}" IS NOT NULL GROUP BY ALL
    ) GROUP BY step`;

function cgroupGauges(
  statement: Statement,
  { filter, ...range }: SeriesRequest,
  metric: CgroupMetric,
  step: string,
): string {
  const where = [inRange(statement, range, filter), ofCgroups(statement, filter)];
  where.push(inLastBoots(statement, range, filter, step));
  return `SELECT step, sum(${termSql(metric, 'value')}) AS value FROM (
      SELECT ${step} AS step, boot, cgroup, arg_max("${metric.name}", start_ms) AS value FROM ${rowsOf(metric)}
      WHERE ${where.join(' AND ')} AND "${metric.name}" IS NOT NULL GROUP BY ALL
    ) GROUP BY step`;
}

export function seriesResult(rows: readonly Record<string, unknown>[], request: SeriesRequest): SeriesStep[] {
  return rows.map(({ step, value }) => ({
    startMs: request.fromMs + Number(step) * request.stepMs,
    value: combined(request.metric, value as bigint),
  }));
}
