/**
 * Takes windows out of the spool as the transport acknowledges them; until then they stay. The newest go first, and at
 * once; what waits behind them follows at a bounded rate, so that a broker that comes back is not filled with yesterday
 * before the windows of now (docs/decisions/0012).
 */
import { topics } from '@dentryscope/contracts/wire';
import type { Message, Publisher, Status } from '@dentryscope/transport';
import { Backoff, RefusedMessages, TransportError, sleep } from '@dentryscope/transport';
import type { Logger } from '@dentryscope/runtime';
import type { Spool, SpooledWindow } from './spool.js';

const MOST_AT_ONCE = 32;
/** A publish has one deadline: a node with many cgroups must meet it on a slow line. */
const PUBLISH_BYTES = 1 << 20;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 15_000;

export interface SenderOptions {
  readonly key: string;
  /** Windows of the backlog a second; live ones are not held back. */
  readonly drainPerSecond: number;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

export class Sender {
  #status: Status = { ok: true };
  #wake: () => void = () => {};
  #news = false;
  #ending = false;
  #done: Promise<void> | undefined;
  /** What lies after it has come since the last send. */
  #sentUpTo = 0n;
  /** By performance.now(). */
  #drainAtMs = 0;
  /** Sent, and not to be sent again, though a full disk keeps them in the spool. */
  #acknowledged: readonly SpooledWindow[] = [];
  readonly #patience = new AbortController();

  constructor(
    private readonly spool: Spool,
    private readonly publisher: Publisher,
    private readonly options: SenderOptions,
  ) {}

  start(): void {
    this.#done = this.#run();
  }

  /** A window has been put into the spool. */
  notify(): void {
    this.#news = true;
    this.#wake();
  }

  status(): Status {
    return this.#status;
  }

  /**
   * Sends what has come since the last send, for at most `graceMs`. The backlog waits in the spool for the next start: it
   * is no more urgent by the agent's end, and a fleet that is updated must not fill its broker with it.
   */
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
    this.#removeAcknowledged();
    if (!this.#news) await this.#pause(this.#drainAtMs - performance.now());
    this.#news = false;
    const windows = this.spool.peek(MOST_AT_ONCE);
    const live = windows.filter(({ position }) => position > this.#sentUpTo);
    if (live.length > 0) await this.#send(live, true);
    else if (this.#ending) return false;
    else if (windows.length === 0) await this.#pause(Infinity);
    else if (performance.now() >= this.#drainAtMs) await this.#send(windows, false);
    return true;
  }

  async #send(windows: readonly SpooledWindow[], live: boolean): Promise<void> {
    for (const part of partsOf(windows)) await this.#sendPart(part, live);
  }

  async #sendPart(part: readonly SpooledWindow[], live: boolean): Promise<void> {
    const messages: Message[] = part.map(({ bytes: value }) => ({ key: this.options.key, value }));
    try {
      await this.publisher.publish(topics.deltas, messages);
    } catch (error) {
      if (!(error instanceof RefusedMessages)) throw error;
      return this.#refused(part, live, error);
    }
    this.#acknowledged = part;
    this.#sent(part, live);
    this.#removeAcknowledged();
  }

  #sent(part: readonly SpooledWindow[], live: boolean): void {
    if (live) this.#sentUpTo = part.at(-1)!.position;
    else this.#holdBack(part.length);
  }

  /** One that is never taken must not keep the others: it is lost, and counted. */
  async #refused(part: readonly SpooledWindow[], live: boolean, error: RefusedMessages): Promise<void> {
    if (part.length > 1) {
      for (const window of part) await this.#sendPart([window], live);
      return;
    }
    this.spool.drop(part);
    this.#sent(part, live);
    this.options.logger.error({ err: error, bytes: part[0]!.bytes.length }, 'a window is refused, and lost');
  }

  #holdBack(windows: number): void {
    const sinceMs = Math.max(this.#drainAtMs, performance.now());
    this.#drainAtMs = sinceMs + (windows * 1000) / this.options.drainPerSecond;
  }

  #removeAcknowledged(): void {
    if (this.#acknowledged.length === 0) return;
    this.spool.remove(this.#acknowledged);
    this.#acknowledged = [];
    this.#status = { ok: true };
  }

  /** Ended early by a new window and by `close`. */
  async #pause(ms: number): Promise<void> {
    if (ms <= 0 || this.#ending || this.#news) return;
    await new Promise<void>((resolve) => {
      const timer = ms === Infinity ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #mayRetry(error: unknown): boolean {
    const { message } = error as Error;
    if (this.#status.ok || this.#status.detail !== message)
      this.options.logger.warn({ err: error }, 'windows wait in the spool');
    this.#status = { ok: false, detail: message };
    const retryable = !(error instanceof TransportError) || error.retryable;
    if (!retryable) this.options.onFatal(error as Error);
    return retryable;
  }
}

/** In parts of PUBLISH_BYTES; at least one window each. */
function* partsOf(windows: readonly SpooledWindow[]): Generator<SpooledWindow[]> {
  let part: SpooledWindow[] = [];
  let bytes = 0;
  for (const window of windows) {
    if (part.length > 0 && bytes + window.bytes.length > PUBLISH_BYTES) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(window);
    bytes += window.bytes.length;
  }
  yield part;
}
