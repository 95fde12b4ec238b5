/** Figures of several cgroups or nodes as one: the same for every store. */
import type { Metric } from '@dentryscope/contracts';

/** What a figure adds; terms add up, and their sum is of the same order as what it stands for. */
export function term(metric: Metric, value: bigint): bigint {
  return metric.combine === 'sum' ? value : value * value;
}

/** The same in SQL: squares of 2^53 still fit HUGEINT. */
export function termSql(metric: Metric, column: string): string {
  return metric.combine === 'sum' ? column : `${column}::HUGEINT * ${column}`;
}

/** The figure that a sum of terms stands for. A standard error is rounded up, so that it is none too small. */
export function combined(metric: Metric, sum: bigint): bigint {
  return metric.combine === 'sum' ? sum : BigInt(Math.ceil(Math.sqrt(Number(sum))));
}
