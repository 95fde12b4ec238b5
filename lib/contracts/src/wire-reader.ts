/** Protobuf's wire format (protobuf.dev/programming-guides/encoding), the parts of it that this wire uses. */
import { HIGH, LOW } from './halves.js';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

const LONGEST_VARINT = 10;
const LARGEST_TAG = 0xffff_ffff;

/** Most counters of a window are 0 or small: these need no allocation. */
const small = Array.from({ length: 1024 }, (_, n) => BigInt(n));
const zeros = new Array<bigint>(4096).fill(0n);
const listOfZeros = (length: number): bigint[] =>
  length <= zeros.length ? zeros.slice(0, length) : new Array<bigint>(length).fill(0n);

/** 64 bits as two halves: to make a bigint of a number above 2^31 takes V8 three times as long. */
const halves = new Uint32Array(2);
const whole = new BigUint64Array(halves.buffer);

export class WireReader {
  constructor(
    readonly bytes: Uint8Array,
    public pos = 0,
  ) {}

  /** A varint as a number, exact up to 2^53. @throws Error where it does not end before `end` */
  varint(end: number): number {
    let value = 0;
    let scale = 1;
    for (let n = 0; n < LONGEST_VARINT; n++) {
      if (this.pos >= end) throw new Error(`a varint runs past byte ${end}, where it had to end`);
      const byte = this.bytes[this.pos++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new Error(`the varint before byte ${this.pos} is longer than ${LONGEST_VARINT} bytes`);
  }

  tag(end: number): number {
    const tag = this.varint(end);
    if (tag < 8 || tag > LARGEST_TAG) throw new Error(`no field has the tag ${tag} before byte ${this.pos}`);
    return tag;
  }

  /** @returns where the length-delimited value that begins here ends */
  lengthDelimited(end: number): number {
    const length = this.varint(end);
    if (length > end - this.pos)
      throw new Error(`a length of ${length} at byte ${this.pos} leaves what it is in, which ends at ${end}`);
    return this.pos + length;
  }

  skip(bytes: number, end: number): void {
    this.pos += bytes;
    if (this.pos > end) throw new Error(`a fixed-size value runs past byte ${end}, where it had to end`);
  }

  /**
   * The varints up to `end`; of more than 64 bits the lowest 64 count, as everywhere in protobuf.
   * The list is made at its full size: one that grows is copied again and again, which costs more than the reading.
   */
  uint64s(end: number): bigint[] {
    const { bytes } = this;
    let at = this.pos;
    let [count, any] = [end - at, 0];
    for (let n = at; n < end; n++) {
      const byte = bytes[n]!;
      count -= byte >>> 7; // each has one byte without the continuation bit
      any |= byte;
    }
    const values = listOfZeros(count);
    if (any === 0) at = end;
    for (let n = 0; at < end; n++) {
      const byte = bytes[at]!;
      if (byte < 0x80) {
        if (byte !== 0) values[n] = small[byte]!;
        at++;
      } else if (at + 1 < end && bytes[at + 1]! < 0x80) {
        values[n] = bigintOf((byte & 0x7f) | (bytes[at + 1]! << 7), 0);
        at += 2;
      } else {
        this.pos = at;
        values[n] = this.uint64(end);
        at = this.pos;
      }
    }
    this.pos = at;
    return values;
  }

  /** How many varints can end before `end`. */
  lastBytes(end: number): number {
    let count = 0;
    for (let at = this.pos; at < end; at++) count += 1 - (this.bytes[at]! >>> 7);
    return count;
  }

  /**
   * As `uint64s`, into 32-bit halves from `to[from]` on (a Uint32Array over a BigUint64Array): no value is made. What
   * lies there does not matter.
   * @returns how many there were
   */
  halves(end: number, to: Uint32Array, from: number): number {
    const { bytes } = this;
    let [at, next] = [this.pos, from];
    for (; at < end; next += 2) {
      let byte = bytes[at++]!;
      let low = byte & 0x7f;
      if (byte < 0x80) {
        to[next + LOW] = low;
        to[next + HIGH] = 0;
        continue;
      }
      let high = 0;
      let shift = 7;
      for (; ; shift += 7) {
        if (at >= end || shift >= LONGEST_VARINT * 7) return this.badVarint(at, shift, end);
        byte = bytes[at++]!;
        const bits = byte & 0x7f;
        if (shift <= 28) low |= bits << shift;
        if (shift === 28) high = bits >>> 4;
        else if (shift > 28 && shift < 64) high |= bits << (shift - 32);
        if (byte < 0x80) break;
      }
      to[next + LOW] = low;
      to[next + HIGH] = high;
    }
    this.pos = at;
    return (next - from) / 2;
  }

  private badVarint(at: number, shift: number, end: number): never {
    this.pos = at - shift / 7;
    this.varint(end); // which says what is wrong
    throw new Error('unreachable: that varint does not end');
  }

  uint64(end: number): bigint {
    const { bytes } = this;
    const from = this.pos;
    const last = Math.min(end, from + LONGEST_VARINT);
    let [low, high] = [0, 0];
    for (let at = from, shift = 0; at < last; at++, shift += 7) {
      const byte = bytes[at]!;
      const bits = byte & 0x7f;
      if (shift <= 28) low |= bits << shift;
      if (shift === 28) high = bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.pos = at + 1;
        return bigintOf(low >>> 0, high >>> 0);
      }
    }
    this.varint(end); // which says what is wrong
    throw new Error('unreachable: that varint does not end');
  }
}

function bigintOf(low: number, high: number): bigint {
  if (high === 0 && low < small.length) return small[low]!;
  halves[LOW] = low;
  halves[HIGH] = high;
  return whole[0]!;
}
