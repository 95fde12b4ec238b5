/** Chance that is a function of the seed and the message's index alone, so that any message can be made by itself. */

/** MurmurHash3's finalizer (fmix32). */
function scramble(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export class Random {
  #state;

  /** @param {number} seed and @param {number} index: whole numbers below 2^32 */
  constructor(seed, index) {
    this.#state = scramble(scramble(seed ^ 0x9e3779b9) + index);
  }

  /** 0 <= … < 1 (mulberry32). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
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
