/**
 * The log's clock is not corrected by NTP: over weeks it leaves CLOCK_MONOTONIC by minutes. A record is read at most
 * `pollNs` after it was printed when the polls came in time, so the difference is known to within that.
 */
export class LogClock {
  #offsetNs = 0n;

  constructor(private readonly pollNs: bigint) {}

  /** @param inTime the poll before this one was not longer than pollNs ago */
  learn(recordNs: bigint, readNs: bigint, inTime: boolean): void {
    const atMost = readNs - recordNs;
    if (this.#offsetNs > atMost) this.#offsetNs = atMost;
    if (inTime && this.#offsetNs < atMost - this.pollNs) this.#offsetNs = atMost - this.pollNs;
  }

  toMonotonicNs(recordNs: bigint): bigint {
    return recordNs + this.#offsetNs;
  }
}
