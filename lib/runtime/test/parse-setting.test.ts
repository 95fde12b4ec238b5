import { expect, test } from 'vitest';
import { settings } from '@dentryscope/contracts';
import { parseDuration, parseSetting } from '../src/parse-setting.js';

test.each([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])('tenths of %s are whole milliseconds, all of them', (unit, ms) => {
  for (let tenths = 0; tenths <= 10_000; tenths += 1)
    expect(parseDuration(`${Math.floor(tenths / 10)}.${tenths % 10}${unit}`)).toBe((tenths * ms) / 10);
});

test('what is no whole number of milliseconds is refused, and what is none at all', () => {
  expect(parseDuration('16.125s')).toBe(16_125);
  expect(parseDuration(' 250ms ')).toBe(250);
  expect(parseDuration('1.0ms')).toBe(1);
  expect(parseDuration('9007199254740991ms')).toBe(Number.MAX_SAFE_INTEGER);
  for (const text of [
    '0.5ms',
    '1.00000000001s',
    '16.1255s',
    '1.s',
    '.5s',
    's',
    '',
    '-1s',
    '9007199254740992ms',
  ])
    expect(() => parseDuration(text), text).toThrow(/wants a length of time/);
});

test('the time cap of a query is no longer than a timer can be', () => {
  expect(parseSetting(settings.apiQueryTimeout, '24d')).toBe(24 * 86_400_000);
  expect(() => parseSetting(settings.apiQueryTimeout, '25d')).toThrow('must be at most 2147483647ms');
});
