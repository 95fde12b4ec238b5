import type { SeriesAnswer } from '@dentryscope/contracts';
import type { Snapshot } from '../data/load.js';
import { count } from '../format.js';
import { Chart } from './chart.js';
import type { Line } from './chart.js';

/** Seconds, and values: what the chart draws. A count is rounded to a double here, to a pixel at last. */
function lineOf({ points }: SeriesAnswer, scale = 1): Line {
  return {
    times: points.map(({ time }) => Date.parse(time) / 1000),
    values: points.map(({ value }) => (value === null ? null : Number(value) * scale)),
  };
}

export function Charts({ snapshot: { dentries, allocated, selection } }: { readonly snapshot: Snapshot }) {
  const where = selection.node?.node ?? 'all nodes';
  const perSecond = 1000 / allocated.stepMs;
  return (
    <div class="charts">
      <Chart
        title="Dentries"
        where={where}
        line={lineOf(dentries)}
        show={count}
        fromZero={false}
        colour="--line-stock"
        empty="No node gave this figure in the range."
      />
      <Chart
        title="Allocations"
        where={`${where}, per second`}
        line={lineOf(allocated, perSecond)}
        show={(value) => `${count(value)}/s`}
        fromZero
        colour="--line-rate"
        empty="No allocation was counted in the range."
      />
    </div>
  );
}
