/** Text in the making, as bytes: put together of strings, a line of 24 figures takes several times as long. */

const FIRST_BYTES = 65_536;
const TWO_32 = 2 ** 32;
const ZERO = 48;
/** Above it no double is exact. */
const LARGEST_EXACT = Number.MAX_SAFE_INTEGER;
const BILLION = 1_000_000_000;
/** Of a number that is exact, two parts of which the second has nine digits. */
const MOST_DIGITS = 16;

export class Bytes {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private length = 0;

  add(more: Uint8Array): void {
    this.reserve(more.length);
    this.bytes.set(more, this.length);
    this.length += more.length;
  }

  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length);
  }

  /** In decimal, of the 32-bit halves of an unsigned integer: to make a bigint of each costs as much as its digits. */
  integer(low: number, high: number): void {
    this.reserve(MOST_DIGITS);
    if (high === 0 && low < BILLION) return this.digits(low, digitsOf(low));
    const number = high * TWO_32 + low;
    if (number > LARGEST_EXACT) return this.text(String((BigInt(high) << 32n) | BigInt(low)));
    const billions = Math.floor(number / BILLION);
    this.digits(billions, digitsOf(billions));
    this.digits(number - billions * BILLION, 9);
  }

  /** For what comes next, in the same memory: what `done` gave is no longer good. */
  clear(): void {
    this.length = 0;
  }

  /** A view: what is added later is not in it, and may lie elsewhere. */
  done(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private digits(number: number, count: number): void {
    const { bytes } = this;
    const end = this.length + count;
    let rest = number;
    for (let at = end - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.length = end;
  }

  private reserve(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.bytes.length * 2));
    larger.set(this.done());
    this.bytes = larger;
  }
}

/** Of an integer below 10^9. */
function digitsOf(number: number): number {
  let count = 1;
  for (let limit = 10; number >= limit; limit *= 10) count++;
  return count;
}
