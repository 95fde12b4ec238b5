/** Tells the broker that we live while a handler is at work, which may take longer than the session timeout. */
export class Heartbeats {
  readonly #ended = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #failure: unknown;

  constructor(
    private readonly heartbeat: () => Promise<void>,
    everyMs: number,
    private readonly closing: AbortSignal,
  ) {
    this.#timer = setInterval(() => void this.#beat(), everyMs);
    closing.addEventListener('abort', this.#end, { once: true });
  }

  /** Aborted when a heartbeat failed (the group is rebalancing, the broker is gone) or the consumer closes. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.closing.removeEventListener('abort', this.#end);
  }

  readonly #end = () => this.#ended.abort();

  async #beat(): Promise<void> {
    try {
      await this.heartbeat();
    } catch (error) {
      this.#failure = error;
      clearInterval(this.#timer);
      this.#end();
    }
  }
}
