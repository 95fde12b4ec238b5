import { messageOf } from '../backoff.js';
import type { Log } from '../log.js';
import type { Database } from '../sqlite/database.js';
import { RefusedMessages, TransportError } from '../types.js';
import type { Message, Publisher, Status } from '../types.js';
import { trimByAge, trimBySize } from './retention.js';
import type { Retention } from './retention.js';
import { blobOf, topicOf } from './topic.js';
import { wakeConsumers } from './wake.js';

const TRIM_EVERY_MS = 10_000;
const INSERT = `INSERT INTO messages (topic, offset, timestampMs, size, key, headers, value)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;

interface Request {
  readonly topic: string;
  readonly messages: readonly Message[];
  resolve(): void;
  reject(error: unknown): void;
}

/** Requests of one turn of the event loop share a transaction, hence an fsync. */
export class EmbeddedPublisher implements Publisher {
  #queue: Request[] = [];
  #scheduled = false;
  #closed = false;
  #failure: string | undefined;
  #trimmedAtMs = 0;

  constructor(
    private readonly db: Database,
    private readonly retention: Retention,
    private readonly log: Log,
  ) {}

  async publish(topic: string, messages: readonly Message[]): Promise<void> {
    if (this.#closed) throw new TransportError('The publisher is closed.', false);
    const bytes = messages.reduce((sum, message) => sum + sizeOf(message), 0);
    if (bytes > this.retention.maxBytes / 4)
      throw new RefusedMessages(
        `${bytes} bytes at once are too much for an embedded log of ${this.retention.maxBytes}.`,
      );
    if (messages.length === 0) return;
    await new Promise<void>((resolve, reject) => this.#enqueue({ topic, messages, resolve, reject }));
  }

  status(): Status {
    return this.#failure === undefined ? { ok: true } : { ok: false, detail: this.#failure };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#flush();
  }

  #enqueue(request: Request): void {
    this.#queue.push(request);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const requests = this.#queue.splice(0);
    if (requests.length === 0) return;
    try {
      this.db.transaction(() => this.#store(requests));
    } catch (error) {
      this.#failure = messageOf(error);
      requests.forEach((request) => request.reject(error));
      return;
    }
    this.#failure = undefined;
    requests.forEach((request) => request.resolve());
    wakeConsumers(this.db.file);
  }

  #store(requests: readonly Request[]): void {
    for (const { topic, messages } of requests) this.#append(topic, messages);
    trimBySize(this.db, this.retention.maxBytes, this.log);
    if (Math.abs(Date.now() - this.#trimmedAtMs) < TRIM_EVERY_MS) return;
    trimByAge(this.db, this.retention, this.log);
    this.#trimmedAtMs = Date.now();
  }

  #append(name: string, messages: readonly Message[]): void {
    const topic = topicOf(this.db, name);
    const now = BigInt(Date.now());
    messages.forEach((message, index) => {
      const offset = topic.next + BigInt(index);
      const headers = message.headers ? blobOf(JSON.stringify(message.headers)) : null;
      const size = sizeOf(message);
      this.db.run(INSERT, topic.id, offset, now, size, blobOf(message.key), headers, message.value);
    });
    this.db.run('UPDATE topics SET next = ? WHERE id = ?', topic.next + BigInt(messages.length), topic.id);
  }
}

function sizeOf(message: Message): number {
  return message.key.length + message.value.length;
}
