/**
 * A connected idempotent producer. Good until its first failure: kafkajs then takes its sequence numbers back, though
 * the broker may have stored the batch and only the answer was lost; the next batch, with the same numbers, would be
 * taken for a repetition and dropped while it is acknowledged. So a session that failed is given up, and the next one
 * has a producer id of its own.
 */
import type { Producer, TopicMessages } from 'kafkajs';
import { topics as declared } from '@dentryscope/contracts/wire';
import { kafkajs } from './kafkajs.js';
import { briefRetry, KafkaLink } from './link.js';
import type { LinkOptions } from './link.js';
import { ensureTopics } from './topics.js';
import { within } from './within.js';

const CLOSE_TIMEOUT_MS = 2000;
/** A topic just made, or a leader just chosen, is not served at once. Ended by the request timeout at the latest. */
const sendRetry = { ...briefRetry, retries: 8 };

export class ProducerSession {
  /** Settles within the request timeout. */
  readonly opened: Promise<void>;
  readonly #link: KafkaLink;
  readonly #producer: Producer;
  readonly #topics = new Set<string>();
  readonly #timeoutMs: number;

  constructor(
    options: LinkOptions,
    private readonly partitions: number,
  ) {
    this.#timeoutMs = options.requestTimeoutMs;
    this.#link = new KafkaLink(options);
    this.#producer = this.#link.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs().Partitioners.DefaultPartitioner,
      retry: sendRetry,
    });
    this.opened = this.#bounded('connect', this.#connect());
    this.opened.catch(() => undefined);
  }

  /** Resolves when all in-sync replicas have it. Keeps the order within each topic and key. */
  async send(topicMessages: TopicMessages[]): Promise<void> {
    await this.#bounded('send', this.#send(topicMessages));
  }

  async close(): Promise<void> {
    await within(CLOSE_TIMEOUT_MS, this.#producer.disconnect(), 'disconnect').catch(() => undefined);
    this.cut();
  }

  cut(): void {
    this.#link.cut();
  }

  async #connect(): Promise<void> {
    await this.#ensure(Object.values(declared));
    await this.#producer.connect();
  }

  async #send(topicMessages: TopicMessages[]): Promise<void> {
    await this.#ensure(topicMessages.map(({ topic }) => topic));
    await this.#producer.sendBatch({
      acks: -1,
      timeout: this.#timeoutMs,
      compression: kafkajs().CompressionTypes.GZIP,
      topicMessages,
    });
  }

  async #ensure(names: string[]): Promise<void> {
    const missing = names.filter((name) => !this.#topics.has(name));
    if (missing.length === 0) return;
    await ensureTopics(this.#link, missing, this.partitions);
    missing.forEach((name) => this.#topics.add(name));
  }

  async #bounded<T>(what: string, promise: Promise<T>): Promise<T> {
    try {
      return await within(this.#timeoutMs, promise, what);
    } catch (error) {
      this.cut();
      throw error;
    }
  }
}
