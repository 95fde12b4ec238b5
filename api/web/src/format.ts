/** Figures as people read them. One notation everywhere, whatever the browser's language: 1,234,567. */
import type { Exact } from './data/exact-json.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

export const count = (value: Exact): string => whole.format(value);
export const compact = (value: number): string => short.format(value);

/** As few digits as tell the marks of an axis apart: 1.99B, 2B, 2.01B. */
export function compactAll(values: readonly number[]): string[] {
  for (let digits = 0; ; digits++) {
    const format = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: digits });
    const texts = values.map((value) => format.format(value));
    if (digits === 4 || new Set(texts).size === texts.length) return texts;
  }
}

/** With its sign: growth and shrinking are told apart at a glance. */
export function perSecond(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 10 || size === 0 ? whole.format(size) : tenths.format(size);
  const sign = digits === '0' || digits === '0.0' ? '' : value > 0 ? '+' : '−';
  return `${sign}${digits}/s`;
}

/** Exact enough for a share: the quotient of two counts in percent. */
export const percent = (part: Exact, all: Exact): string =>
  Number(all) === 0 ? '0%' : `${tenths.format((Number(part) / Number(all)) * 100)}%`;

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
export function bytes(value: Exact): string {
  let size = Number(value);
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? whole.format(size) : tenths.format(size)} ${units[unit]}`;
}

export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

export const clock = (ms: number): string => new Date(ms).toLocaleTimeString('en-GB');
