/** Figures of several cgroups or nodes as one: the same for the agent that folds cgroups and for every store. */
import type { CgroupMetric, NodeMetric } from './metrics.js';

type Combined = Pick<CgroupMetric | NodeMetric, 'combine'>;

/** What a figure adds; terms add up, and their sum is of the same order as what it stands for. */
export function term({ combine }: Combined, value: bigint): bigint {
  return combine === 'sum' ? value : value * value;
}

/** The figure that a sum of terms stands for. A standard error is rounded up, so that it is none too small. */
export function combined({ combine }: Combined, sum: bigint): bigint {
  return combine === 'sum' ? sum : BigInt(Math.ceil(Math.sqrt(Number(sum))));
}
