/** Orderly end: what was opened last is closed first; a second signal does not wait. */
import type { Logger } from './logger.js';

const signals = ['SIGINT', 'SIGTERM'] as const;
const PATIENCE_MS = 20_000;

export class Lifecycle {
  readonly #closers: { name: string; close: () => Promise<void> | void }[] = [];
  readonly #controller = new AbortController();

  constructor(readonly logger: Logger) {
    for (const signal of signals) process.on(signal, this.#onSignal);
  }

  /** Aborted when the process is asked to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  onClose(name: string, close: () => Promise<void> | void): void {
    this.#closers.push({ name, close });
  }

  /** Resolves when the process is asked to end. */
  async ended(): Promise<void> {
    if (this.signal.aborted) return;
    await new Promise((resolve) => this.signal.addEventListener('abort', resolve, { once: true }));
  }

  end(): void {
    this.#controller.abort();
  }

  /** Closes everything; one that fails does not keep the others. */
  async close(): Promise<boolean> {
    this.end();
    const timer = setTimeout(() => this.#giveUp(), PATIENCE_MS);
    let clean = true;
    for (const { name, close } of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        clean = false;
        this.logger.error({ err: error }, `${name} did not close cleanly`);
      }
    }
    clearTimeout(timer);
    for (const signal of signals) process.off(signal, this.#onSignal);
    return clean;
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.signal.aborted) process.exit(130);
    this.logger.info({ signal }, 'ending; once more to end at once');
    this.end();
  };

  #giveUp(): void {
    this.logger.error(`not closed after ${PATIENCE_MS / 1000} s; ending as it is`);
    process.exit(1);
  }
}
