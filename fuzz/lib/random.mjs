/** Chance that is a function of the seed and the message's index alone, so that any message can be made by itself. */

import { mulberry32 } from '../../scripts/lib/random.mjs';

/** MurmurHash3's finalizer (fmix32). */
function scramble(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export class Random {
  /** @param {number} seed and @param {number} index: whole numbers below 2^32 */
  constructor(seed, index) {
    /** 0 <= … < 1 */
    this.next = mulberry32(scramble(scramble(seed ^ 0x9e3779b9) + index));
  }

  /** 0 … below - 1 */
  below(below) {
    return Math.floor(this.next() * below);
  }

  /** least … most, both included; small ones as often as large ones. */
  size(least, most) {
    return Math.min(most, Math.floor(least * ((most + 1) / least) ** this.next()));
  }

  pick(choices) {
    return choices[this.below(choices.length)];
  }

  chance(probability) {
    return this.next() < probability;
  }

  bytes(length) {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
