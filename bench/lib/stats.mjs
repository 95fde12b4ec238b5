/** Order statistics: a machine that does other work too has outliers, and a mean follows them. */

import { dice } from '../../scripts/lib/random.mjs';

const sorted = (values) => [...values].sort((a, b) => a - b);

/** Between the two nearest where it falls between them (Hyndman and Fan 1996, type 7). */
export function quantile(values, q) {
  const ordered = sorted(values);
  const at = (ordered.length - 1) * q;
  const low = ordered[Math.floor(at)];
  return low + (ordered[Math.ceil(at)] - low) * (at - Math.floor(at));
}

export const median = (values) => quantile(values, 0.5);

/**
 * Median, quartiles, and the 95 % interval of the median from the order statistics (binomial, normal approximation):
 * it supposes nothing about the distribution but that rounds are independent.
 */
export function summary(values) {
  const ordered = sorted(values);
  const n = ordered.length;
  const half = 0.98 * Math.sqrt(n);
  const at = (index) => ordered[Math.min(n - 1, Math.max(0, index))];
  return {
    rounds: n,
    median: median(values),
    q1: quantile(values, 0.25),
    q3: quantile(values, 0.75),
    low: at(Math.floor(n / 2 - half) - 1),
    high: at(Math.ceil(n / 2 + half)),
  };
}

/** Least squares of y on x. `error` is the slope's standard error; it takes the residuals as independent. */
export function slope(xs, ys) {
  const n = xs.length;
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / n;
  const [mx, my] = [mean(xs), mean(ys)];
  const sxx = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  const value = xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i] - my), 0) / sxx;
  const residuals = ys.map((y, i) => y - my - value * (xs[i] - mx));
  const error = Math.sqrt(residuals.reduce((sum, r) => sum + r * r, 0) / Math.max(1, n - 2) / sxx);
  return { value, error };
}

/** Fisher-Yates. */
export function shuffler(seed) {
  const below = dice(seed);
  return (items) => {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i -= 1) {
      const j = below(i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  };
}
