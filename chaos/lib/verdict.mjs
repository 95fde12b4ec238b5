/** Series that are asked back, beside what they should be. */
import { series } from './ask.mjs';
import { CLUSTER, WINDOW_MS } from './content.mjs';

const EXAMPLES = 10;

function verdict(expected, seen) {
  if (seen === expected) return undefined;
  if (seen === null) return 'lost';
  return seen === 2 * expected ? 'twice' : 'wrong';
}

/**
 * @param where node, metric, and perhaps cgroup; range: fromMs and count, in windows
 * @param expected by window: the value, or null; what lies beyond it is to be null
 * @returns what is not as it should be, and how many values are
 */
export async function compared(address, where, { fromMs, count }, expected) {
  const range = { fromMs, stepMs: WINDOW_MS, count };
  const seen = await series(address, { ...where, cluster: CLUSTER }, range);
  const findings = [];
  let right = 0;
  seen.forEach((value, window) => {
    const wanted = expected[window] ?? null;
    const what = verdict(wanted, value);
    if (what) findings.push({ ...where, window, what, expected: wanted, seen: value });
    else if (value !== null) right += 1;
  });
  return { findings, right };
}

/** Of the windows how many were lost, twice and wrong in any of their values; how many values were right; examples. */
export function tally(all) {
  const findings = all.flatMap((one) => one.findings);
  const windowsWith = (what) =>
    new Set(findings.filter((one) => one.what === what).map(({ node, window }) => `${node}/${window}`)).size;
  return {
    right: all.reduce((sum, { right }) => sum + right, 0),
    lost: windowsWith('lost'),
    twice: windowsWith('twice'),
    wrong: windowsWith('wrong'),
    examples: findings.slice(0, EXAMPLES),
  };
}
