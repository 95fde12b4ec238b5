/** Names from the cluster into the store: the latest of each container, none dropped. */
import { StoreError } from '@dentryscope/store';
import { messageOf } from '@dentryscope/transport';
import type { ContainerName, Writer } from '@dentryscope/store';
import type { Logger } from '@dentryscope/runtime';
import type { IngesterMetrics } from './metrics.js';
import type { BackoffBounds } from './retry.js';
import { EndingError, retry } from './retry.js';
import type { Trouble } from './trouble.js';

export interface NameContext {
  readonly store: Pick<Writer, 'writeNames'>;
  readonly metrics: IngesterMetrics;
  readonly logger: Logger;
  readonly trouble: Trouble;
  readonly signal: AbortSignal;
  readonly backoff: BackoffBounds;
}

const AT_ONCE = 1000;
/** A pod's start is several changes within moments: one write then holds the last of them. */
const GATHER_MS = 50;

/**
 * What waits is bounded by the number of containers: a later name replaces an earlier one of the same container.
 */
export class NameWriter {
  readonly #waiting = new Map<string, ContainerName>();
  #flushing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly context: NameContext) {}

  add(names: readonly ContainerName[]): void {
    for (const name of names) this.#waiting.set(`${name.podUid}/${name.containerId}`, name);
    if (this.#waiting.size === 0 || this.context.signal.aborted) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What fails for good is logged there; what the end of the process cuts short is written at the next start.
      this.flush().catch((error: unknown) =>
        this.context.logger.info({ err: error }, 'names are left for the next start'),
      );
    }, GATHER_MS);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when none waits. @throws EndingError */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.size > 0) {
      const chunk = [...this.#waiting].slice(0, AT_ONCE);
      await this.#write(chunk.map(([, name]) => name));
      // One that changed in the meantime stays.
      for (const [key, name] of chunk) if (this.#waiting.get(key) === name) this.#waiting.delete(key);
    }
  }

  async #write(names: readonly ContainerName[]): Promise<void> {
    try {
      await this.#attempt(names);
      this.context.metrics.names.inc(names.length);
    } catch (error) {
      if (error instanceof EndingError) throw error;
      const [only] = names;
      if (names.length === 1 && only) return this.#refuse(only, error);
      const middle = names.length >> 1;
      await this.#write(names.slice(0, middle));
      await this.#write(names.slice(middle));
    }
  }

  async #attempt(names: readonly ContainerName[]): Promise<void> {
    const { store, metrics, trouble, logger, signal, backoff } = this.context;
    const place = trouble.place();
    const onRetry = (error: unknown) => {
      metrics.storeRetries.inc();
      place.say(`the store does not take names, trying again: ${messageOf(error)}`);
      logger.warn({ err: error, names: this.#waiting.size }, 'the store does not take names; trying again');
    };
    const isFinal = (error: unknown, tries: number) =>
      error instanceof StoreError ? !error.retryable : tries >= 5;
    try {
      await retry(() => store.writeNames(names), { backoff, signal, isFinal, onRetry });
    } finally {
      place.clear();
    }
  }

  #refuse(name: ContainerName, error: unknown): void {
    this.context.metrics.namesRefused.inc();
    this.context.logger.error({ err: error, name }, 'the store will never take this name');
  }
}
