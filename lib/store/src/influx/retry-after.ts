/** A server in trouble may ask for patience; more than this is not believed, in milliseconds. */
const LONGEST_MS = 300_000;

/**
 * What an HTTP header `Retry-After` (RFC 9110, 10.2.3) asks for: seconds, or a date.
 * @returns milliseconds; undefined where it says nothing that can be understood
 */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number | undefined {
  const value = header?.trim() ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_MS);
}
