/** When windows end. Wall clock for people, monotonic for lengths; windows of a node never overlap. */

export interface WindowTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** How far the wall clock is behind `endMs`; 0 but where it was ahead before. */
  readonly behindMs: number;
  /** Monotonic clock. */
  readonly endNs: bigint;
  readonly durationNs: bigint;
}

export class WindowClock {
  #startMs: number;
  #startNs: bigint;

  /** @param notBeforeMs end of the last window of an earlier run: a clock that was set back must not overlap it. */
  constructor(
    notBeforeMs: number,
    private readonly nowMs: () => number = Date.now,
    private readonly nowNs: () => bigint = process.hrtime.bigint,
  ) {
    this.#startMs = Math.max(this.nowMs(), notBeforeMs);
    this.#startNs = this.nowNs();
  }

  /**
   * The window that would end now. Where the wall clock was set back, it still gets an end after its start: 1 ms
   * later, until the wall clock has caught up; `durationNs` stays true.
   */
  now(): WindowTimes {
    const endNs = this.nowNs();
    const nowMs = this.nowMs();
    const endMs = Math.max(nowMs, this.#startMs + 1);
    return {
      startMs: this.#startMs,
      endMs,
      behindMs: endMs - nowMs,
      endNs,
      durationNs: endNs - this.#startNs,
    };
  }

  /** That window has been kept: the next one starts where it ended. */
  advance(window: WindowTimes): void {
    this.#startMs = window.endMs;
    this.#startNs = window.endNs;
  }
}

/** A sentence where windows are not dated as the wall clock would. */
export function clockProblems({ endMs, behindMs }: WindowTimes): string[] {
  if (behindMs === 0) return [];
  return [
    `the wall clock is ${(behindMs / 1000).toFixed(1)} s behind the end of the last window, as it was ahead before: until ` +
      `${new Date(endMs).toISOString()} windows are dated ahead of it, 1 ms long each`,
  ];
}

/** Milliseconds until the next multiple of the window's length: nodes with one length end their windows together. */
export function untilBoundaryMs(nowMs: number, windowMs: number): number {
  return windowMs - (nowMs % windowMs);
}
