/** Trying again, for as long as it takes. */
import { StoreError } from '@dentryscope/store';
import { Backoff, messageOf, sleep } from '@dentryscope/transport';

export interface BackoffBounds {
  /** Milliseconds before the second try; doubled for each further one. */
  readonly firstMs: number;
  readonly mostMs: number;
}

export interface RetryOptions {
  readonly backoff: BackoffBounds;
  /** Aborted: no further try; the one that is under way ends by itself. */
  readonly signal: AbortSignal;
  /** True: the error is thrown instead of tried again. `tries` counts from 1. */
  readonly isFinal: (error: unknown, tries: number) => boolean;
  readonly onRetry: (error: unknown, waitMs: number) => void;
}

/** The process ends before the work was done; nothing is lost, the messages come again. */
export class EndingError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof EndingError ? cause.message : `ending before it succeeded: ${messageOf(cause)}`, {
      cause,
    });
    this.name = 'EndingError';
  }
}

/** @throws EndingError, or what `isFinal` says yes to */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const backoff = new Backoff(options.backoff.firstMs, options.backoff.mostMs);
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (options.isFinal(error, tries)) throw error;
      const waitMs = Math.round(Math.max(backoff.next(), askedFor(error, options.backoff)));
      options.onRetry(error, waitMs);
      await sleep(waitMs, options.signal);
      if (options.signal.aborted) throw new EndingError(error);
    }
  }
}

/** Milliseconds that the store asks for, and a little more: those who were told the same do not come back together. */
function askedFor(error: unknown, { firstMs }: BackoffBounds): number {
  const after = error instanceof StoreError ? error.retryAfterMs : undefined;
  return after === undefined ? 0 : after + Math.random() * firstMs;
}
