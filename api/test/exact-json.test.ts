/** How the page reads counts: every digit, and nothing else touched. */
import { expect, test } from 'vitest';
import { parseExact } from '../web/src/data/exact-json.js';

test('integers past 2^53 become bigint, the rest stays what it is', () => {
  const text = '{"a":9007199254740993,"b":-27021597764222977,"c":12,"d":[18446744073709551615,null]}';
  expect(parseExact(text)).toEqual({
    a: 9007199254740993n,
    b: -27021597764222977n,
    c: 12,
    d: [18446744073709551615n, null],
  });
});

test('fractions, exponents and digits inside strings are left alone', () => {
  const value = {
    f: 0.12345678901234567,
    g: 1e300,
    h: 43663.27272727273,
    s: 'id 9007199254740993',
    e: '\\"9007199254740993',
  };
  expect(parseExact(JSON.stringify(value))).toEqual(value);
  expect(parseExact('"18446744073709551615"')).toBe('18446744073709551615');
});
