import type uPlot from 'uplot';
import { compact } from '../format.js';

export interface Looks {
  readonly title: string;
  readonly show: (value: number) => string;
  readonly colour: string;
}

const HEIGHT = 168;
const AXIS_WIDTH = 52;
const FONT = '11px system-ui, sans-serif';

function axis(ink: string, grid: string): Pick<uPlot.Axis, 'font' | 'stroke' | 'grid' | 'ticks'> {
  return { font: FONT, stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
}

const clockTime = (seconds: number) => new Date(seconds * 1000).toLocaleTimeString('en-GB').slice(0, 5);

/** From zero for a rate; a stock is shown where it moves, with some air. */
function axes(ink: string, grid: string): uPlot.Axis[] {
  const look = axis(ink, grid);
  return [
    { ...look, grid: { show: false }, size: 26, space: 72, values: (_plot, ticks) => ticks.map(clockTime) },
    { ...look, size: AXIS_WIDTH, space: 34, values: (_plot, ticks) => ticks.map(compact) },
  ];
}

function series({ title, show, colour }: Looks, style: CSSStyleDeclaration): uPlot.Series[] {
  const stroke = style.getPropertyValue(colour).trim();
  return [
    { label: 'Time', value: (_plot, seconds) => (seconds === null ? '' : clockTime(seconds)) },
    {
      label: title,
      stroke,
      fill: style.getPropertyValue(`${colour}-fill`).trim(),
      width: 1.75,
      points: { show: false },
      value: (_plot, value) => (value === null ? 'no window' : show(value)),
    },
  ];
}

/** @param box gives the width and the colours */
export function chartOptions(box: HTMLElement, looks: Looks): uPlot.Options {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    width: box.clientWidth,
    height: HEIGHT,
    padding: [10, 8, 0, 0],
    series: series(looks, style),
    axes: axes(colour('--quiet'), colour('--grid')),
    scales: { y: { range: { min: { pad: 0.1, soft: 0, mode: 1 }, max: { pad: 0.12, soft: 0, mode: 2 } } } },
    legend: { live: true },
    cursor: { sync: { key: 'dentryscope' }, y: false, drag: { x: false, y: false } },
  };
}
