/** A statement in the making: SQL of our own words, and every value bound. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { OwnerFilter, TimeRange } from '../types.js';
import { bound, parseCgroup } from '../request.js';
import { identities } from './schema.js';

export class Statement {
  readonly values: DuckDBValue[] = [];

  text(value: string): string {
    return this.bind(value, 'VARCHAR');
  }

  /** Typed, since a wider type than the column's would keep DuckDB from skipping row groups. */
  integer(value: bigint): string {
    return this.bind(value, 'BIGINT');
  }

  id(value: bigint): string {
    return this.bind(value, 'UBIGINT');
  }

  private bind(value: DuckDBValue, type: string): string {
    return `$${this.values.push(value)}::${type}`;
  }
}

/** The rows of `windows` or `figures` in the range and of the boots that the filter lets through. */
export function inRange(statement: Statement, range: TimeRange, filter: OwnerFilter): string {
  const conditions = [
    `start_ms >= ${statement.integer(bound(range.fromMs))}`,
    `start_ms < ${statement.integer(bound(range.toMs))}`,
  ];
  const boots = equal(statement, filter, ['cluster', 'node']);
  if (boots.length > 0) conditions.push(`boot IN (SELECT boot FROM boots WHERE ${boots.join(' AND ')})`);
  return conditions.join(' AND ');
}

/** Of each node the boot of its last window in the range, or in each step of it: what older boots held is gone. */
export function inLastBoots(
  statement: Statement,
  range: TimeRange,
  filter: OwnerFilter,
  step?: string,
): string {
  const [key, last, by] = step
    ? [`(boot, ${step})`, `(arg_max(boot, start_ms), ${step})`, `, ${step}`]
    : ['boot', 'arg_max(boot, start_ms)', ''];
  return `${key} IN (SELECT ${last} FROM windows JOIN boots USING (boot)
    WHERE ${inRange(statement, range, filter)} GROUP BY cluster, node${by})`;
}

/** Further, of `figures`: those of the cgroups that the filter names, by id, path or owner. */
export function ofCgroups(statement: Statement, filter: OwnerFilter): string {
  const names = equal(statement, filter, ['namespace', 'workload', 'pod', 'container']);
  const cgroup = filter.cgroup === undefined ? undefined : parseCgroup(filter.cgroup);
  if (filter.cgroup !== undefined && !cgroup) return 'false';
  if (cgroup && 'path' in cgroup) names.push(`path = ${statement.text(cgroup.path)}`);
  const conditions = cgroup && 'id' in cgroup ? [`cgroup = ${statement.id(cgroup.id)}`] : [];
  if (names.length > 0)
    conditions.push(
      `(boot, cgroup) IN (SELECT (boot, cgroup) FROM ${identities} WHERE ${names.join(' AND ')})`,
    );
  return conditions.length > 0 ? conditions.join(' AND ') : 'true';
}

function equal(statement: Statement, filter: OwnerFilter, fields: readonly (keyof OwnerFilter)[]): string[] {
  return fields.flatMap((field) => {
    const value = filter[field];
    return value === undefined ? [] : [`${field} = ${statement.text(value)}`];
  });
}
