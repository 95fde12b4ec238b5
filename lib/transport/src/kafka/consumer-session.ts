/** One membership in the group, from joining to leaving. kafkajs's own restarts are off: a session ends, and a new one begins. */
import { randomUUID } from 'node:crypto';
import type { Consumer as KafkajsConsumer, IMemberAssignment } from 'kafkajs';
import type { Handling } from './handling.js';
import { lagOf } from './lag.js';
import { briefRetry, KafkaLink } from './link.js';
import type { LinkOptions } from './link.js';
import { ensureTopics } from './topics.js';
import { within } from './within.js';

export interface SessionOptions extends LinkOptions {
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
  readonly fromBeginning: boolean;
  readonly ephemeral: boolean;
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly partitionsAtOnce: number;
}

const FETCH_WAIT_MS = 500;
/** Over all partitions, and of one: a consumer holds some multiples of it in memory, unpacked. */
const FETCH_BYTES = 1 << 20;
const FETCH_PARTITION_BYTES = FETCH_BYTES / 2;
const LEAVE_TIMEOUT_MS = 5000;
const WATCH_EVERY_MS = 1000;
/** Some fetches, also of a busy broker. */
const SETTLED_MS = 10 * FETCH_WAIT_MS;

export class ConsumerSession {
  readonly #link: KafkaLink;
  readonly #consumer: KafkajsConsumer;
  readonly #groupId: string;
  readonly #ended: Promise<void>;
  #end!: (error?: Error) => void;
  #partitions: readonly number[] | undefined;
  #joinedAtMs: number | undefined;
  #joining: Promise<void> | undefined;
  #lifeAtMs = Date.now();

  constructor(
    private readonly options: SessionOptions,
    private readonly handling: Handling,
  ) {
    this.#link = new KafkaLink(options);
    this.#groupId = options.ephemeral ? `${options.group}-${randomUUID()}` : options.group;
    this.#consumer = this.#makeConsumer();
    this.#ended = new Promise((resolve, reject) => {
      this.#end = (error) => (error ? reject(error) : resolve());
    });
    this.#ended.catch(() => undefined);
  }

  get joined(): boolean {
    return this.#partitions !== undefined;
  }

  /** Whether the broker let it in at all. */
  get everJoined(): boolean {
    return this.#joinedAtMs !== undefined;
  }

  /** Whether what breaks a membership at once, since it is in the topic, would have broken this one. */
  get settled(): boolean {
    return this.joined && Date.now() - this.#joinedAtMs! > SETTLED_MS;
  }

  /** Resolves after stop(). Rejects when the broker cannot be reached, or the membership broke. */
  async run(): Promise<void> {
    const watch = setInterval(() => this.#watch(), WATCH_EVERY_MS);
    try {
      await Promise.race([this.#start(), this.#ended]);
      await this.#ended;
    } finally {
      clearInterval(watch);
      this.#partitions = undefined;
      await this.#leave();
    }
  }

  stop(): void {
    this.#end();
  }

  async lag(): Promise<bigint | undefined> {
    const partitions = this.#partitions;
    if (!partitions) return undefined;
    const positions = this.options.ephemeral ? this.handling.positions : undefined;
    const { topic, fromBeginning, requestTimeoutMs } = this.options;
    const asked = lagOf(this.#link, { topic, groupId: this.#groupId, partitions, positions, fromBeginning });
    return within(requestTimeoutMs, asked, 'lag');
  }

  #makeConsumer(): KafkajsConsumer {
    const consumer = this.#link.kafka.consumer({
      groupId: this.#groupId,
      sessionTimeout: this.options.sessionTimeoutMs,
      heartbeatInterval: this.options.heartbeatMs,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytes: FETCH_BYTES,
      maxBytesPerPartition: FETCH_PARTITION_BYTES,
      allowAutoTopicCreation: false,
      retry: { ...briefRetry, restartOnFailure: () => Promise.resolve(false) },
    });
    const { CRASH, GROUP_JOIN, FETCH, HEARTBEAT } = consumer.events;
    const alive = () => void (this.#lifeAtMs = Date.now());
    consumer.on(CRASH, ({ payload }) => this.#end(payload.error));
    consumer.on(GROUP_JOIN, ({ payload }) => this.#onJoin(payload.memberAssignment));
    consumer.on(FETCH, alive);
    consumer.on(HEARTBEAT, alive);
    return consumer;
  }

  async #start(): Promise<void> {
    const { topic, partitions, fromBeginning, requestTimeoutMs } = this.options;
    await within(requestTimeoutMs, ensureTopics(this.#link, [topic], partitions), 'topics');
    await within(requestTimeoutMs, this.#consumer.connect(), 'connect');
    await this.#consumer.subscribe({ topic, fromBeginning });
    this.#lifeAtMs = Date.now();
    this.#joining = this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.options.partitionsAtOnce,
      eachBatch: this.handling.eachBatch,
    });
    await this.#joining;
  }

  #onJoin(assignment: IMemberAssignment): void {
    this.#partitions = assignment[this.options.topic] ?? [];
    this.#joinedAtMs ??= Date.now();
    this.#lifeAtMs = Date.now();
  }

  /** kafkajs has been seen to fall silent. Heartbeats go on during a long handler, so silence is never that. */
  #watch(): void {
    const silentMs = Date.now() - this.#lifeAtMs;
    if (this.joined && silentMs > this.options.sessionTimeoutMs * 3)
      this.#end(new Error(`nothing heard from the broker for ${silentMs} ms`));
  }

  /** Waits for the handler however long it takes, but not for a broker. */
  async #leave(): Promise<void> {
    // A member that ends while it joins could not say that it leaves, and its group would not be empty.
    if (this.options.ephemeral && this.#joining)
      await within(LEAVE_TIMEOUT_MS, this.#joining, 'join').catch(() => undefined);
    const left = this.#consumer.disconnect().catch(() => undefined);
    await this.handling.idle();
    await within(LEAVE_TIMEOUT_MS, left, 'leave').catch(() => undefined);
    if (this.options.ephemeral && this.#joining)
      await within(LEAVE_TIMEOUT_MS, this.#forget(), 'forget').catch(() => undefined);
    this.#link.cut();
  }

  /** An onlooker's group would be listed, empty, until the broker's next clean-up. */
  async #forget(): Promise<void> {
    const admin = this.#link.kafka.admin({ retry: briefRetry });
    try {
      await admin.connect();
      await admin.deleteGroups([this.#groupId]);
    } finally {
      await admin.disconnect();
    }
  }
}
