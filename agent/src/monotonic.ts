/** Moments of CLOCK_MONOTONIC, by the wall clock as it is now. */
export function wallMsOf(monotonicNs: bigint): bigint {
  return BigInt(Date.now()) - (process.hrtime.bigint() - monotonicNs) / 1_000_000n;
}

/** By CLOCK_MONOTONIC, which no change of the wall clock moves; at least 1. */
export function millisecondsSinceBoot(): bigint {
  return process.hrtime.bigint() / 1_000_000n + 1n;
}
