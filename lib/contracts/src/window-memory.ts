/**
 * Memory for the columns of windows that are done with together. To ask for new memory for each window, and to have it collected,
 * is a good part of what a busy ingester does otherwise.
 */

/** Some five windows of 250 cgroups. */
const CHUNK_VALUES = 32_768;
/** What is kept for the next windows, in bytes: more than a fetch needs is given back. */
const KEPT_BYTES = 8 << 20;
const KEPT_CHUNKS = KEPT_BYTES / (CHUNK_VALUES * BigUint64Array.BYTES_PER_ELEMENT);

export class WindowMemory {
  private readonly chunks: BigUint64Array[] = [];
  private current = 0;
  private used = 0;

  /** @returns room for so many values, with anything in it */
  take(values: number): BigUint64Array {
    if (values > CHUNK_VALUES) return new BigUint64Array(values);
    if (this.used + values > CHUNK_VALUES) {
      this.current++;
      this.used = 0;
    }
    const chunk = (this.chunks[this.current] ??= new BigUint64Array(CHUNK_VALUES));
    const from = this.used;
    this.used += values;
    return chunk.subarray(from, this.used);
  }

  /** What was taken is for others from now on. */
  reuse(): void {
    this.chunks.length = Math.min(this.chunks.length, KEPT_CHUNKS);
    this.current = 0;
    this.used = 0;
  }
}
