/** Figures as people read them. */

/** Three significant digits, no exponent. */
export function digits(value) {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 3));
}

export const thousands = (value) => Math.round(value).toLocaleString('en-US');

/** Median and quartiles. */
export const spread = ({ median, q1, q3 }, unit = '') =>
  `${digits(median)}${unit} (${digits(q1)} to ${digits(q3)})`;

/** The same of large numbers. */
export const wholeSpread = ({ median, q1, q3 }) =>
  `${thousands(median)} (${thousands(q1)} to ${thousands(q3)})`;

/** Median and its 95 % interval. */
export const interval = ({ median, low, high }, unit = '') =>
  `${digits(median)}${unit} (95 %: ${digits(low)} to ${digits(high)})`;

export const signed = (text) => (text.startsWith('-') ? text : `+${text}`);

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export const verdict = (pass) => (pass ? 'PASS' : 'FALLS SHORT');
