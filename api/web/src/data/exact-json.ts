/** The API sends every digit of a count; JSON.parse would round those past 2^53. They become bigint here. */
export type Exact = number | bigint;

// Whole tokens, so that digits inside a string or behind a decimal point are left alone.
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Integers of so many digits may lie past 2^53. */
const longInteger = /^-?\d{16,}$/;
const MARK = '\u0001';

const markLong = (token: string): string => (longInteger.test(token) ? `"\\u0001${token}"` : token);

function revive(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith(MARK) && /^-?\d+$/.test(value.slice(1))
    ? BigInt(value.slice(1))
    : value;
}

export function parseExact(text: string): unknown {
  return JSON.parse(text.replace(stringOrNumber, markLong), revive);
}
