/** What windows have of one field, as a stream: what is alike lies together, and compresses as such. */
import type { Kind } from './fields.js';
import { Reader, Writer } from './varints.js';

/** One field of all windows, in their order. */
export interface Stream {
  readonly tag: number;
  readonly kind: Kind;
  readonly bodies: Uint8Array[];
}

export interface Encoded {
  readonly kind: Kind;
  /** Of numbers: all were multiples of it (the kernel tells PSI in microseconds, a sample has its weight). */
  readonly divisor: number;
  readonly bytes: Uint8Array;
  /** What the shape has to say of each body: its length, or how many numbers. */
  readonly sizes: number[];
}

/** Numbers above 2^53 (64-bit ids of cgroup v1) go as bodies. */
export function encodeStream({ kind, bodies }: Pick<Stream, 'kind' | 'bodies'>): Encoded {
  const rows = kind === 'numbers' ? bodies.map(numbersOf) : [];
  const numbers = rows.filter((row) => row !== undefined);
  if (kind === 'numbers' && numbers.length === bodies.length) return encodeNumbers(numbers);
  return {
    kind: kind === 'numbers' ? 'body' : kind,
    divisor: 1,
    bytes: kind === 'message' ? new Uint8Array() : concat(bodies),
    sizes: bodies.map((body) => body.length),
  };
}

function encodeNumbers(rows: readonly number[][]): Encoded {
  const divisor = rows.reduce((gcd, row) => row.reduce(greatestCommon, gcd), 0) || 1;
  const out = new Writer();
  for (const row of rows) for (const value of row) out.varint(value / divisor);
  return { kind: 'numbers', divisor, bytes: out.view(), sizes: rows.map((row) => row.length) };
}

/** @returns undefined where a number is above 2^53 */
function numbersOf(body: Uint8Array): number[] | undefined {
  const reader = new Reader(body);
  const values: number[] = [];
  try {
    while (!reader.done) values.push(reader.varint());
    return values;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function greatestCommon(a: number, b: number): number {
  if (a === 1 || b === 0) return a;
  let [large, small] = [a, b];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Writer();
  for (const part of parts) out.bytes(part);
  return out.view();
}
