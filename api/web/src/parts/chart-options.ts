import type uPlot from 'uplot';
import { clock, compactAll } from '../format.js';

export interface Looks {
  readonly colour: string;
  /** A rate is read by its height, a stock by how it moves. */
  readonly fromZero: boolean;
  /** The step under the pointer; null: none. */
  readonly onHover: (index: number | null) => void;
}

const HEIGHT = 168;
const AXIS_WIDTH = 52;
const FONT = '11px system-ui, sans-serif';

function axis(ink: string, grid: string): Pick<uPlot.Axis, 'font' | 'stroke' | 'grid' | 'ticks'> {
  return { font: FONT, stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
}

function axes(ink: string, grid: string): uPlot.Axis[] {
  const look = axis(ink, grid);
  return [
    {
      ...look,
      grid: { show: false },
      size: 26,
      space: 72,
      values: (_plot, ticks) => ticks.map((seconds) => clock(seconds * 1000).slice(0, 5)),
    },
    { ...look, size: AXIS_WIDTH, space: 34, values: (_plot, ticks) => compactAll(ticks) },
  ];
}

function line({ colour, fromZero }: Looks, style: CSSStyleDeclaration): uPlot.Series {
  return {
    stroke: style.getPropertyValue(colour).trim(),
    // A filled area is read as a height, so it must stand on zero.
    ...(fromZero && { fill: style.getPropertyValue(`${colour}-fill`).trim() }),
    width: 1.75,
    points: { show: false },
  };
}

/** Less than this part of a stock is no movement: it must not fill the chart. */
const SMALLEST_SPAN = 0.01;

const rangeFromZero: uPlot.Range.Function = (_plot, _min, max) => [0, (max ?? 0) * 1.12 || 1];

const rangeAround: uPlot.Range.Function = (_plot, min, max) => {
  if (min === null || max === null) return [0, 1];
  const span = Math.max(max - min, max * SMALLEST_SPAN, 1);
  const middle = (min + max) / 2;
  return [Math.max(0, middle - span * 0.6), middle + span * 0.6];
};

/** @param box gives the width and the colours */
export function chartOptions(box: HTMLElement, looks: Looks): uPlot.Options {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    width: box.clientWidth,
    height: HEIGHT,
    padding: [10, 8, 0, 0],
    series: [{}, line(looks, style)],
    axes: axes(colour('--quiet'), colour('--grid')),
    scales: { y: { range: looks.fromZero ? rangeFromZero : rangeAround } },
    legend: { show: false },
    hooks: { setCursor: [({ cursor }) => looks.onHover(cursor.idx ?? null)] },
    cursor: { sync: { key: 'dentryscope' }, y: false, drag: { x: false, y: false } },
  };
}
