import type { TopicMessages } from 'kafkajs';
import { Backoff, sleep } from '../backoff.js';
import { noLog } from '../log.js';
import type { Log } from '../log.js';
import { TransportError } from '../types.js';
import type { Message, Publisher, Status } from '../types.js';
import { kafkaError } from './errors.js';
import type { KafkaPublisherOptions } from './options.js';
import { ProducerSession } from './producer-session.js';
import { sendsOf, takeTogether } from './requests.js';
import type { Request } from './requests.js';
import { within } from './within.js';

const RECONNECT_FIRST_MS = 500;
const RECONNECT_MOST_MS = 10_000;

/** Returns at once and connects by itself, for as long as it takes; `status()` says where it is. */
export function openKafkaPublisher(options: KafkaPublisherOptions): Publisher {
  return new KafkaPublisher(options);
}

class KafkaPublisher implements Publisher {
  readonly #closing = new AbortController();
  readonly #queue: Request[] = [];
  readonly #timeoutMs: number;
  readonly #log: Log;
  #session: ProducerSession | undefined;
  #state: Status;
  #pumping: Promise<void> | undefined;
  #recovering: Promise<void> | undefined;

  constructor(private readonly options: KafkaPublisherOptions) {
    this.#timeoutMs = options.publishTimeoutMs ?? 5000;
    this.#log = options.log ?? noLog;
    this.#state = { ok: false, detail: `connecting to Kafka (DENTRYSCOPE_KAFKA_BROKERS=${options.brokers})` };
    this.#recover();
  }

  async publish(topic: string, messages: readonly Message[]): Promise<void> {
    if (this.#closing.signal.aborted) throw new TransportError('The publisher is closed.', false);
    if (messages.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ topic, messages, deadlineMs: Date.now() + this.#timeoutMs, resolve, reject });
      this.#pumping ??= this.#pump();
    });
  }

  status(): Status {
    return this.#state;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#pumping;
    await this.#session?.close();
    await this.#recovering;
  }

  /** One send at a time: two in flight could be stored in the wrong order. */
  async #pump(): Promise<void> {
    // Whoever publishes in the same turn of the event loop goes along.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#sendTogether(takeTogether(this.#queue));
    // In the same step as the look at the queue: who comes after it starts the next pump.
    this.#pumping = undefined;
  }

  async #sendTogether(requests: readonly Request[]): Promise<void> {
    const failure = await this.#attempt(requests);
    if (!failure) return requests.forEach((request) => request.resolve());
    if (failure.retryable || requests.length === 1)
      return requests.forEach((request) => request.reject(failure));
    // A message that the broker never takes must not take its neighbours along.
    for (const request of requests) await this.#sendTogether([request]);
  }

  async #attempt(requests: readonly Request[]): Promise<TransportError | undefined> {
    const deadlineMs = Math.min(...requests.map((request) => request.deadlineMs));
    try {
      for (const send of sendsOf(requests)) await this.#send(send, deadlineMs);
      this.#state = { ok: true };
      return undefined;
    } catch (error) {
      const failure = kafkaError(error, this.options.brokers);
      // A message that is refused says nothing of the broker.
      if (failure.retryable) this.#state = { ok: false, detail: failure.message };
      this.#recover();
      return failure;
    }
  }

  async #send(send: TopicMessages[], deadlineMs: number): Promise<void> {
    const leftMs = () => deadlineMs - Date.now();
    if (leftMs() <= 0) throw new Error(this.#state.detail ?? 'too many messages wait to be sent');
    const session = this.#current();
    await within(leftMs(), session.opened, 'connect');
    try {
      await within(leftMs(), session.send(send), 'send');
    } catch (error) {
      this.#giveUp(session);
      throw error;
    }
  }

  /** The session there is, or the one that is being opened. */
  #current(): ProducerSession {
    if (this.#session) return this.#session;
    const { brokers, security, partitions, clientId = 'dentryscope' } = this.options;
    const requestTimeoutMs = this.#timeoutMs;
    const link = { brokers, security, clientId, requestTimeoutMs, log: this.#log };
    const session = new ProducerSession(link, partitions);
    session.opened.catch(() => this.#giveUp(session));
    this.#session = session;
    return session;
  }

  #giveUp(session: ProducerSession): void {
    session.cut();
    if (this.#session === session) this.#session = undefined;
  }

  #recover(): void {
    if (this.#closing.signal.aborted) return;
    this.#recovering ??= this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const backoff = new Backoff(RECONNECT_FIRST_MS, RECONNECT_MOST_MS);
    while (!this.#closing.signal.aborted)
      try {
        await this.#current().opened;
        this.#state = { ok: true };
        break;
      } catch (error) {
        const failure = kafkaError(error, this.options.brokers);
        this.#state = { ok: false, detail: failure.message };
        const waitMs = backoff.next();
        this.#log('warn', 'kafka: no connection to publish by', { reason: failure.message, waitMs });
        await sleep(waitMs, this.#closing.signal);
      }
    this.#recovering = undefined;
  }
}
