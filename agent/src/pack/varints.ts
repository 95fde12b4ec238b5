/** Varints (protobuf's: 7 bits a byte, low ones first) of whole numbers that a JS number holds. */

const LARGEST_BYTES = 8;

/** Bytes that grow. */
export class Writer {
  #bytes = new Uint8Array(4096);
  length = 0;

  varint(value: number): void {
    this.#room(LARGEST_BYTES);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.length++] = rest;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * Math.max(this.#bytes.length, this.length + more));
    grown.set(this.view());
    this.#bytes = grown;
  }
}

export class Reader {
  at = 0;

  constructor(readonly all: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.all.length;
  }

  /** @throws RangeError where it is cut off, or above 2^53 */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.all[this.at++];
      if (byte === undefined) throw new RangeError('a varint is cut off');
      value += (byte % 128) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('a varint is above 2^53');
      if (byte < 128) return value;
    }
  }

  /** @throws RangeError where there are not as many */
  bytes(count: number): Uint8Array {
    if (this.at + count > this.all.length) throw new RangeError('bytes are cut off');
    return this.all.subarray(this.at, (this.at += count));
  }
}
