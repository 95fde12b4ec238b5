/** Protobuf's wire format (protobuf.dev/programming-guides/encoding), the parts of it that this wire uses. */

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

const LONGEST_VARINT = 10;
const LARGEST_TAG = 0xffff_ffff;

/** Most counters of a window are 0 or small: these need no allocation. */
const small = Array.from({ length: 128 }, (_, n) => BigInt(n));
const words = new Uint32Array(2);
const joined = new BigUint64Array(words.buffer);
const lowFirst = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const [LOW, HIGH] = lowFirst ? [0, 1] : [1, 0];

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

  /** Appends the varints up to `end`; of more than 64 bits the lowest 64 count, as everywhere in protobuf. */
  uint64s(end: number, into: bigint[]): void {
    const { bytes } = this;
    while (this.pos < end) {
      const byte = bytes[this.pos]!;
      if (byte < 0x80) {
        into.push(small[byte]!);
        this.pos++;
      } else into.push(this.uint64(end));
    }
  }

  uint64(end: number): bigint {
    const { bytes } = this;
    let [low, high, shift] = [0, 0, 0];
    for (let n = 0; n < LONGEST_VARINT; n++, shift += 7) {
      if (this.pos >= end) throw new Error(`a varint runs past byte ${end}, where it had to end`);
      const byte = bytes[this.pos++]!;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high = bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) {
        words[LOW!] = low;
        words[HIGH!] = high;
        return joined[0]!;
      }
    }
    throw new Error(`the varint before byte ${this.pos} is longer than ${LONGEST_VARINT} bytes`);
  }
}
