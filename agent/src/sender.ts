/** Takes windows out of the spool as the transport acknowledges them; until then they stay. */
import { topics } from '@dentryscope/contracts/wire';
import type { Publisher, Status } from '@dentryscope/transport';
import { Backoff, TransportError, sleep } from '@dentryscope/transport';
import type { Logger } from '@dentryscope/runtime';
import type { Spool } from './spool.js';

const MOST_AT_ONCE = 64;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 15_000;

export class Sender {
  #status: Status = { ok: true };
  #wake: () => void = () => {};
  #ending = false;
  #done: Promise<void> | undefined;
  readonly #patience = new AbortController();

  constructor(
    private readonly spool: Spool,
    private readonly publisher: Publisher,
    private readonly key: string,
    private readonly logger: Logger,
    private readonly onFatal: (error: Error) => void,
  ) {}

  start(): void {
    this.#done = this.#run();
  }

  /** A window has been put into the spool. */
  notify(): void {
    this.#wake();
  }

  status(): Status {
    return this.#status;
  }

  /** Sends what is there, for at most `graceMs`; the rest waits in the spool for the next start. */
  async close(graceMs: number): Promise<void> {
    this.#ending = true;
    this.#wake();
    const timer = setTimeout(() => this.#patience.abort(), graceMs);
    await this.#done;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS);
    while (!this.#patience.signal.aborted) {
      try {
        if (!(await this.#sendSome())) return;
        backoff.reset();
      } catch (error) {
        if (!this.#mayRetry(error)) return;
        await sleep(backoff.next(), this.#patience.signal);
      }
    }
  }

  /** @returns false when there is nothing left to send, and nothing to wait for */
  async #sendSome(): Promise<boolean> {
    const windows = this.spool.peek(MOST_AT_ONCE);
    if (windows.length === 0) {
      if (!this.#ending) await new Promise<void>((resolve) => (this.#wake = resolve));
      return !this.#ending || this.spool.size > 0;
    }
    const messages = windows.map(({ bytes }) => ({ key: this.key, value: bytes }));
    await this.publisher.publish(topics.deltas, messages);
    this.spool.remove(windows.at(-1)!);
    this.#status = { ok: true };
    return true;
  }

  #mayRetry(error: unknown): boolean {
    const { message } = error as Error;
    if (this.#status.ok || this.#status.detail !== message)
      this.logger.warn({ err: error }, 'windows wait in the spool');
    this.#status = { ok: false, detail: message };
    const retryable = !(error instanceof TransportError) || error.retryable;
    if (!retryable) this.onFatal(error as Error);
    return retryable;
  }
}
