/** Moments of CLOCK_MONOTONIC, by the wall clock as it is now. */
export function wallMsOf(monotonicNs: bigint): bigint {
  return BigInt(Date.now()) - (process.hrtime.bigint() - monotonicNs) / 1_000_000n;
}
