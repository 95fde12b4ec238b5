/** Figures of several cgroups or nodes as one: the same for every store. */
import type { Metric } from '@dentryscope/contracts';

export { combined, term } from '@dentryscope/contracts';

/** `term` in SQL: squares of 2^53 still fit HUGEINT. */
export function termSql(metric: Metric, column: string): string {
  return metric.combine === 'sum' ? column : `${column}::HUGEINT * ${column}`;
}
