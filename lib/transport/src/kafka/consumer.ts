import { Backoff, sleep } from '../backoff.js';
import { noLog } from '../log.js';
import type { Log } from '../log.js';
import type { Consumer, Received, Status } from '../types.js';
import { ConsumerSession } from './consumer-session.js';
import { isPackedOtherwise, kafkaError } from './errors.js';
import { Handling } from './handling.js';
import type { KafkaConsumerOptions } from './options.js';

const RECONNECT_FIRST_MS = 500;
const RECONNECT_MOST_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;
const SESSION_TIMEOUT_MS = 10_000;

/** Returns at once; run() joins the group, for as long as it takes. */
export function openKafkaConsumer(options: KafkaConsumerOptions): Consumer {
  return new KafkaConsumer(options);
}

class KafkaConsumer implements Consumer {
  readonly #closing = new AbortController();
  readonly #log: Log;
  readonly #heartbeatMs: number;
  #session: ConsumerSession | undefined;
  #handling: Handling | undefined;
  #trouble: Status = { ok: true, detail: 'not running' };
  /** The broker lets it in, and what is in the topic throws it out again: between the two nothing is well. */
  #unreadable = false;
  #running: Promise<void> | undefined;

  constructor(private readonly options: KafkaConsumerOptions) {
    this.#log = options.log ?? noLog;
    this.#heartbeatMs = (options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS) / 4;
  }

  run(handle: (messages: readonly Received[]) => Promise<void>): Promise<void> {
    this.#running ??= this.#supervise(handle);
    return this.#running;
  }

  async lag(): Promise<bigint | undefined> {
    return this.#session?.lag().catch(() => undefined);
  }

  status(): Status {
    if (this.#session?.joined && (!this.#unreadable || this.#session.settled))
      return this.#handling?.status ?? { ok: true };
    return this.#trouble;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#session?.stop();
    await this.#running;
  }

  async #supervise(handle: (messages: readonly Received[]) => Promise<void>): Promise<void> {
    const backoff = new Backoff(RECONNECT_FIRST_MS, RECONNECT_MOST_MS);
    this.#handling = this.#makeHandling(handle);
    this.#trouble = {
      ok: false,
      detail: `joining the group (DENTRYSCOPE_KAFKA_BROKERS=${this.options.brokers})`,
    };
    while (!this.#closing.signal.aborted) {
      let session: ConsumerSession | undefined;
      try {
        this.#session = session = this.#makeSession(this.#handling);
        await session.run();
      } catch (error) {
        this.#unreadable = isPackedOtherwise(error) || (this.#unreadable && !session?.settled);
        if (session?.everJoined && !this.#unreadable) backoff.reset();
        await this.#fail(error, backoff);
      }
    }
  }

  async #fail(error: unknown, backoff: Backoff): Promise<void> {
    const { message } = kafkaError(error, this.options.brokers, this.options.topic);
    this.#trouble = { ok: false, detail: message };
    const waitMs = backoff.next();
    this.#log('warn', 'kafka: consumer starts again', { reason: message, waitMs });
    await sleep(waitMs, this.#closing.signal);
  }

  #makeHandling(handle: (messages: readonly Received[]) => Promise<void>): Handling {
    const { options } = this;
    return new Handling(
      handle,
      {
        batchMessages: options.batchMessages ?? 500,
        batchBytes: options.batchBytes ?? 1 << 20,
        heartbeatMs: this.#heartbeatMs,
        retryFirstMs: options.retryFirstMs ?? 200,
        retryMostMs: options.retryMostMs ?? 10_000,
        ephemeral: options.ephemeral ?? false,
        log: this.#log,
      },
      this.#closing.signal,
    );
  }

  #makeSession(handling: Handling): ConsumerSession {
    const { options } = this;
    return new ConsumerSession(
      {
        brokers: options.brokers,
        security: options.security,
        clientId: options.clientId ?? 'dentryscope',
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        log: this.#log,
        group: options.group,
        topic: options.topic,
        partitions: options.partitions,
        fromBeginning: options.fromBeginning ?? true,
        ephemeral: options.ephemeral ?? false,
        sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
        heartbeatMs: this.#heartbeatMs,
        partitionsAtOnce: options.partitionsAtOnce ?? 1,
      },
      handling,
    );
  }
}
