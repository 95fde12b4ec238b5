/** Chance without state: a figure depends on its keys only, so that any window can be computed by itself. */
import { createHash } from 'node:crypto';

/** MurmurHash3's 32-bit finalizer (fmix32): every bit of the input moves every bit of the output. */
function scramble(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** @param keys whole numbers; above 2^32 both halves count. @returns 0 … 2^32 - 1 */
export function hash(...keys: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const key of keys) {
    state = scramble(Math.imul(state, 5) + 0xe6546b64 + (key >>> 0));
    if (key > 0xffffffff) state = scramble(state ^ Math.floor(key / 2 ** 32));
  }
  return state;
}

/** @returns 0 <= … < 1, evenly */
export function random(...keys: readonly number[]): number {
  return hash(...keys) / 2 ** 32;
}

export function between(least: number, most: number, ...keys: readonly number[]): number {
  return least + (most - least) * random(...keys);
}

/** @returns least … most, both included */
export function whole(least: number, most: number, ...keys: readonly number[]): number {
  return Math.floor(between(least, most + 1, ...keys));
}

export function pick<T>(choices: readonly T[], ...keys: readonly number[]): T {
  return choices[hash(...keys) % choices.length]!;
}

/** 64 hex digits, as a container id has. */
export function hex(...keys: readonly (string | number)[]): string {
  return createHash('sha256').update(keys.join('\0')).digest('hex');
}

/** A version 4 UUID in form; the same keys give the same one. */
export function uuid(...keys: readonly (string | number)[]): string {
  const h = hex(...keys);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`;
}
