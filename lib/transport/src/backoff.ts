/** Waiting times that double, with jitter: many that failed together do not come back together. */
export class Backoff {
  #nextMs: number;

  constructor(
    private readonly firstMs: number,
    private readonly mostMs: number,
  ) {
    this.#nextMs = firstMs;
  }

  /** @returns how long to wait now, in milliseconds: between half of the step and the whole of it. */
  next(): number {
    const step = this.#nextMs;
    this.#nextMs = Math.min(step * 2, this.mostMs);
    return step / 2 + Math.random() * (step / 2);
  }

  reset(): void {
    this.#nextMs = this.firstMs;
  }
}

/** Resolves after `ms` milliseconds, or at once when the signal is aborted. Never rejects. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
