/** How many may begin: at once as many as there is room for, later so many an hour. */

/** Credit is counted in such parts of one that whole milliseconds make whole numbers of them. */
const HOUR_MS = 3_600_000;

export class Credit {
  readonly #nowMs: () => number;
  #parts: number;
  #atMs: number;

  /**
   * @param start how many may begin before any time has passed
   * @param nowMs monotonic milliseconds
   */
  constructor(
    start: number,
    private readonly perHour: number,
    nowMs: () => number,
  ) {
    this.#nowMs = () => Math.floor(nowMs());
    this.#parts = start * HOUR_MS;
    this.#atMs = this.#nowMs();
  }

  /** @param room more than that is not saved up @returns for how many of `wanted` there was credit: it is gone */
  take(wanted: number, room: number): number {
    const nowMs = this.#nowMs();
    this.#parts = Math.min(this.#parts + (nowMs - this.#atMs) * this.perHour, room * HOUR_MS);
    this.#atMs = nowMs;
    const taken = Math.min(wanted, Math.floor(this.#parts / HOUR_MS));
    this.#parts -= taken * HOUR_MS;
    return taken;
  }
}
