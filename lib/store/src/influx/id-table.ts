/**
 * Numbers by 64-bit ids other than 0, in 16 bytes a slot: a Map of as many takes six times as much, and each collection
 * walks it. Open addressing with linear probing; at most half of the slots are taken.
 */
const FIRST_SLOTS = 8;
const LOW_32 = 0xffff_ffffn;

export class IdTable {
  /** Low and high words of the ids, next to each other; 0, 0: free. */
  private ids = new Uint32Array(2 * FIRST_SLOTS);
  private values = new Float64Array(FIRST_SLOTS);
  private taken = 0;

  get size(): number {
    return this.taken;
  }

  get(id: bigint): number | undefined {
    const slot = this.find(Number(id & LOW_32), Number(id >> 32n));
    return this.isFree(slot) ? undefined : this.values[slot];
  }

  set(id: bigint, value: number): void {
    const [low, high] = [Number(id & LOW_32), Number(id >> 32n)];
    if (low === 0 && high === 0) throw new RangeError('0 is no id');
    const slot = this.find(low, high);
    if (this.isFree(slot)) this.taken++;
    this.put(slot, low, high, value);
    if (2 * this.taken > this.values.length) this.grow();
  }

  /** What lies after it moves up where it may, so that no search ends too early (Knuth, TAOCP 3, 6.4, algorithm R). */
  delete(id: bigint): void {
    let hole = this.find(Number(id & LOW_32), Number(id >> 32n));
    if (this.isFree(hole)) return;
    this.taken--;
    for (let slot = this.after(hole); !this.isFree(slot); slot = this.after(slot)) {
      const home = this.home(this.ids[2 * slot]!);
      const between = hole <= slot ? hole < home && home <= slot : hole < home || home <= slot;
      if (between) continue;
      this.put(hole, this.ids[2 * slot]!, this.ids[2 * slot + 1]!, this.values[slot]!);
      hole = slot;
    }
    this.put(hole, 0, 0, 0);
  }

  private isFree(slot: number): boolean {
    return this.ids[2 * slot] === 0 && this.ids[2 * slot + 1] === 0;
  }

  /** Where it is, or would be. */
  private find(low: number, high: number): number {
    let slot = this.home(low);
    while (!this.isFree(slot) && (this.ids[2 * slot] !== low || this.ids[2 * slot + 1] !== high))
      slot = this.after(slot);
    return slot;
  }

  /** Ids are inode numbers: neighbours, mostly. */
  private home(low: number): number {
    return low & (this.values.length - 1);
  }

  private after(slot: number): number {
    return (slot + 1) & (this.values.length - 1);
  }

  private put(slot: number, low: number, high: number, value: number): void {
    this.ids[2 * slot] = low;
    this.ids[2 * slot + 1] = high;
    this.values[slot] = value;
  }

  private grow(): void {
    const [ids, values] = [this.ids, this.values];
    this.ids = new Uint32Array(2 * ids.length);
    this.values = new Float64Array(2 * values.length);
    for (const [slot, value] of values.entries()) {
      const [low, high] = [ids[2 * slot]!, ids[2 * slot + 1]!];
      if (low !== 0 || high !== 0) this.put(this.find(low, high), low, high, value);
    }
  }
}
