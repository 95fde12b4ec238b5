import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clock } from '../format.js';
import { chartOptions } from './chart-options.js';
import type { Looks } from './chart-options.js';

export interface Line {
  /** Unix seconds, evenly spaced. */
  readonly times: readonly number[];
  /** null: no window in the step; the line has a gap there. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  readonly where: string;
  readonly line: Line;
  readonly show: (value: number) => string;
  /** A custom property of the style sheet. */
  readonly colour: string;
  readonly fromZero: boolean;
  readonly empty: string;
}

const dark = matchMedia('(prefers-color-scheme: dark)');

const dataOf = ({ times, values }: Line): uPlot.AlignedData => [[...times], [...values]];

/** Draws once, feeds it new data, and draws anew where width or colours change. */
function usePlot(line: Line, looks: Looks) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const newest = useRef(line);
  newest.current = line;
  useEffect(() => {
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(chartOptions(box.current!, looks), dataOf(newest.current), box.current!);
    };
    const resized = new ResizeObserver(() => {
      const width = box.current!.clientWidth;
      if (plot.current && plot.current.width !== width)
        plot.current.setSize({ width, height: plot.current.height });
    });
    draw();
    resized.observe(box.current!);
    dark.addEventListener('change', draw);
    return () => {
      dark.removeEventListener('change', draw);
      resized.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(line)), [line]);
  return box;
}

const isNumber = (value: number | null): value is number => value !== null;

/** The same in words, for those who can't see it. */
function summary({ line: { values }, show }: ChartProps): string {
  const known = values.filter(isNumber);
  const last = known.at(-1);
  if (last === undefined) return 'no figures';
  return `newest ${show(last)}, lowest ${show(Math.min(...known))}, highest ${show(Math.max(...known))}`;
}

/** The step under the pointer, or the newest that has a figure. */
function shownStep({ times, values }: Line, hovered: number | null): number {
  if (hovered !== null && hovered < times.length) return hovered;
  return values.findLastIndex(isNumber);
}

function Value({ line, show, hovered }: Pick<ChartProps, 'line' | 'show'> & { hovered: number | null }) {
  const step = shownStep(line, hovered);
  const [time, value] = [line.times[step], line.values[step]];
  if (time === undefined) return null;
  return (
    <p class="value">
      <small>{clock(time * 1000)}</small> {typeof value === 'number' ? show(value) : 'no window'}
    </p>
  );
}

export function Chart(props: ChartProps) {
  const [hovered, onHover] = useState<number | null>(null);
  const { title, where, line, show, colour, fromZero, empty } = props;
  const box = usePlot(line, { colour, fromZero, onHover });
  return (
    <figure class="panel chart">
      <figcaption>
        <h2>
          {title} <small>{where}</small>
        </h2>
        <Value line={line} show={show} hovered={hovered} />
      </figcaption>
      <div class="plot" ref={box} role="img" aria-label={`${title}, ${where}: ${summary(props)}`}>
        {!line.values.some(isNumber) && <p class="none">{empty}</p>}
      </div>
    </figure>
  );
}
