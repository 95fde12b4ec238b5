/** The sample of living dentries is as good as a random one, wherever slabs lay them: ds_is_sampled() itself, compiled. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compile, scratch } from './support.js';

interface Spread {
  variance: number;
  beyondPerMille: number;
}

interface Line {
  layout: string;
  shift: number;
  sample: Spread;
  productAlone: Spread;
}

/** Of 1,500 seeds a random sample's variance is 1 give or take 0.037 (sqrt(2/1500)): four times that. */
const MOST_VARIANCE = 1.15;
/** A normal's 2.7 per mille, give or take 1.3 of 1,500: four times that. */
const MOST_BEYOND = 8;

describe('the sample', () => {
  const binary = compile(scratch(), 'live_hash.c');
  const lines = execFileSync(binary, { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

  it.each(lines)('$layout, 1 in 2^$shift: standard errors hold', ({ sample }) => {
    expect(sample.variance).toBeLessThan(MOST_VARIANCE);
    expect(sample.beyondPerMille).toBeLessThan(MOST_BEYOND);
  });

  it('a single multiplication would not do', () => {
    const worst = Math.max(...lines.map(({ productAlone }) => productAlone.beyondPerMille));
    expect(worst).toBeGreaterThan(MOST_BEYOND);
  });
});
