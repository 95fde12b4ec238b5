/** Keeps the file to what the retention says, beside the writing. */
import type { EmbeddedWriter } from './writer.js';

export interface Retention {
  /** Windows that started longer ago than this, in milliseconds, are rolled up or dropped, by whole hours. */
  readonly rawMs: number;
  /** How long ago windows may have started that are rolled up, in milliseconds. Default, and not above rawMs: none is. */
  readonly rollupMs?: number;
  /** How often it is looked at, in milliseconds. Default: a minute. */
  readonly everyMs?: number;
  /** What cannot be dropped now is tried again the next time; this is told why. */
  readonly onError: (error: unknown) => void;
  /** Told after each time that something was rolled up or dropped. */
  readonly onDropped?: (beforeMs: number) => void;
}

const EVERY_MS = 60_000;

/** Never two rounds at once. @returns the way to stop it; it resolves when the step under way has ended */
export function startRetention(writer: EmbeddedWriter, retention: Retention): () => Promise<void> {
  const { rawMs, rollupMs = rawMs, everyMs = EVERY_MS, onError, onDropped } = retention;
  let stopped = false;
  let round: Promise<void> | undefined;
  const keep = async () => {
    const now = Date.now();
    const beforeMs = now - rawMs;
    let slices = 0;
    while (!stopped && (await writer.forget(beforeMs, now - rollupMs))) slices++;
    if (slices > 0 && !stopped) onDropped?.(beforeMs);
  };
  const tick = () => {
    round ??= keep()
      .catch((error: unknown) => stopped || onError(error))
      .then(() => void (round = undefined));
  };
  const timer = setInterval(tick, everyMs).unref();
  tick();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await round;
  };
}
