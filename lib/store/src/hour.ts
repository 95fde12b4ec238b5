/** Hours are what figures are rolled up by. */

export const HOUR_MS = 3_600_000;

/** Where the hour begins, Unix milliseconds. */
export const hourOf = (ms: number) => Math.floor(ms / HOUR_MS) * HOUR_MS;

/** The next whole hour from there on: of a time, or of a length. Milliseconds. */
export const wholeHours = (ms: number) => Math.ceil(ms / HOUR_MS) * HOUR_MS;
