import { Backoff, messageOf, sleep } from '../backoff.js';
import type { Log } from '../log.js';
import type { FileLock } from '../sqlite/file-lock.js';
import type { Consumer, Received, Status } from '../types.js';
import type { Bounds, Group } from './group.js';
import { published } from './wake.js';

const TOUCH_EVERY_MS = 60_000;

export interface ConsumerSettings extends Bounds {
  /** How often to ask for what other processes published, in milliseconds. */
  readonly pollMs: number;
  /** Back-off after a handler that rejected, in milliseconds. */
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
}

type Handle = (messages: readonly Received[]) => Promise<void>;

/** One consumer of a group at a time has the log, whatever the process; the others stand by. */
export class EmbeddedConsumer implements Consumer {
  readonly #closing = new AbortController();
  readonly #backoff: Backoff;
  #state: Status = { ok: true, detail: 'not running' };
  #running: Promise<void> | undefined;
  #touchedAtMs = 0;

  constructor(
    private readonly file: string,
    private readonly group: Group,
    private readonly lock: FileLock | undefined,
    private readonly settings: ConsumerSettings,
    private readonly log: Log,
  ) {
    this.#backoff = new Backoff(settings.retryFirstMs, settings.retryMostMs);
  }

  run(handle: Handle): Promise<void> {
    this.#running ??= this.#loop(handle).finally(() => this.lock?.release());
    return this.#running;
  }

  async lag(): Promise<bigint | undefined> {
    try {
      return this.group.lag();
    } catch {
      return undefined;
    }
  }

  status(): Status {
    return this.#state;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #loop(handle: Handle): Promise<void> {
    let joined = false;
    while (!this.#closing.signal.aborted)
      try {
        joined ||= this.#join();
        if (joined) await this.#step(handle);
        else await sleep(this.settings.pollMs, this.#closing.signal);
      } catch (error) {
        await this.#fail(error);
      }
  }

  #join(): boolean {
    if (this.lock && !this.lock.tryAcquire()) {
      this.#state = { ok: true, detail: 'standing by: another consumer of the group has the log' };
      return false;
    }
    this.group.join();
    this.#wellAgain();
    return true;
  }

  async #step(handle: Handle): Promise<void> {
    const messages = this.group.read(this.settings);
    const last = messages.at(-1);
    if (!last) return this.#idle();
    await handle(messages);
    this.group.commit(last.offset);
    this.#wellAgain();
  }

  async #idle(): Promise<void> {
    this.#wellAgain();
    if (Math.abs(Date.now() - this.#touchedAtMs) > TOUCH_EVERY_MS) {
      this.group.touch();
      this.#touchedAtMs = Date.now();
    }
    await published(this.file, this.settings.pollMs, this.#closing.signal);
  }

  async #fail(error: unknown): Promise<void> {
    const waitMs = this.#backoff.next();
    this.#state = { ok: false, detail: messageOf(error) };
    this.log('warn', 'embedded log: batch not handled, it will come again', { err: error, waitMs });
    await sleep(waitMs, this.#closing.signal);
  }

  #wellAgain(): void {
    this.#backoff.reset();
    this.#state = { ok: true };
  }
}
