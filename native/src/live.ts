/** From the sample of living dentries to estimates of all of them. */
import type { LiveByAge } from './types.js';

/** Upper bounds of an age's bucket; the last has none. */
export const ageBoundsSeconds = [60, 600, 3600, 21_600, 86_400] as const;
const buckets = ageBoundsSeconds.length + 1;

export interface LiveEstimates {
  readonly ids: readonly bigint[];
  /** Parallel to `ids`: living dentries, and the standard error of that. */
  readonly dentries: readonly bigint[];
  readonly standardErrors: readonly bigint[];
  /** Bucket by bucket of `ageBoundsSeconds` (and one more) for the first id, then for the next. */
  readonly ages: readonly bigint[];
}

/**
 * A third of the way from the estimate to the upper end of the 3-sigma score interval (Wilson 1927) of the count: about
 * the square root of the variance, for few samples more than it, and not 0 for none. 0 where every dentry is sampled.
 */
export function standardError(samples: number, shift: number): bigint {
  const weight = 2 ** shift;
  const left = 1 - 1 / weight;
  return BigInt(Math.ceil(weight * (1.5 * left + Math.sqrt(samples * left + 2.25 * left * left))));
}

/** Each sampled dentry stands for 2^shift. */
export function estimateByAge({ shift, ids, samples }: LiveByAge): LiveEstimates {
  const rows = Array.from(ids, (_, row) => samples.subarray(row * buckets, (row + 1) * buckets));
  const sampled = rows.map((ages) => ages.reduce((sum, n) => sum + n, 0));
  const weight = 1n << BigInt(shift);
  return {
    ids: [...ids],
    dentries: sampled.map((n) => BigInt(n) * weight),
    standardErrors: sampled.map((n) => standardError(n, shift)),
    ages: Array.from(samples, (n) => BigInt(n) * weight),
  };
}
