/** The API sends every digit of a count; JSON.parse would round those past 2^53. They become bigint here. */
export type Exact = number | bigint;

// A string as a whole, so that digits inside one are left alone; or an integer too long to be surely safe.
const stringOrLong = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
const MARK = '\u0001';

const markLong = (token: string): string => (token.startsWith('"') ? token : `"\\u0001${token}"`);

function revive(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith(MARK) && /^-?\d+$/.test(value.slice(1))
    ? BigInt(value.slice(1))
    : value;
}

export function parseExact(text: string): unknown {
  return JSON.parse(text.replace(stringOrLong, markLong), revive);
}
