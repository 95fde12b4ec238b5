/** A group's place in a topic. */
import type { Received } from '../types.js';
import type { Database } from '../sqlite/database.js';
import { blobOf, bytesOf, findTopic, textOf, topicOf } from './topic.js';

export interface GroupOptions {
  readonly group: string;
  readonly topic: string;
  /** Where a group that is new starts: at the oldest message kept (default) or behind the newest. */
  readonly fromBeginning?: boolean;
  /** Leave no trace: the place is kept in memory, and holds back nothing. For onlookers. */
  readonly ephemeral?: boolean;
}

export interface Bounds {
  /** Most messages of a batch. */
  readonly batchMessages: number;
  /** Most bytes of keys and values of a batch, but never fewer than one message. */
  readonly batchBytes: number;
}

interface MessageRow {
  readonly offset: bigint;
  readonly timestampMs: bigint;
  readonly key: ArrayBuffer;
  readonly headers: ArrayBuffer | null;
  readonly value: ArrayBuffer;
}

export class Group {
  #topic = -1n;
  #next = 0n;

  constructor(
    private readonly db: Database,
    private readonly options: GroupOptions,
  ) {}

  /** Takes up where the group left off. */
  join(): void {
    this.db.transaction(() => {
      const topic = topicOf(this.db, this.options.topic);
      this.#topic = topic.id;
      this.#next = this.options.fromBeginning === false ? topic.next : topic.first;
      if (!this.options.ephemeral) this.#next = this.#enroll();
    });
  }

  /** The next messages, fewer than the bounds allow where there are fewer; at least one where there is one. */
  read(bounds: Bounds): Received[] {
    const last = this.#lastWithin(bounds);
    if (last === undefined) return [];
    return this.db
      .all<MessageRow>(
        `SELECT offset, timestampMs, key, headers, value FROM messages
         WHERE topic = ? AND offset >= ? AND offset <= ? ORDER BY offset`,
        this.#topic,
        this.#next,
        last,
      )
      .map((row) => this.#received(row));
  }

  /**
   * Moves the group behind `offset`. It never moves back. After a step of the clock a publisher may have forgotten the
   * group while it was at work: then this makes it known again.
   */
  commit(offset: bigint): void {
    this.#next = offset + 1n;
    if (this.options.ephemeral) return;
    this.db.transaction(() =>
      this.db.run(
        `INSERT INTO groups (topic, name, committed, seenMs) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
         SET committed = max(committed, excluded.committed), seenMs = excluded.seenMs`,
        this.#topic,
        blobOf(this.options.group),
        this.#next,
        BigInt(Date.now()),
      ),
    );
  }

  /** So that an idle group is not forgotten. */
  touch(): void {
    if (this.#topic >= 0n) this.commit(this.#next - 1n);
  }

  lag(): bigint {
    const topic = findTopic(this.db, this.options.topic);
    if (!topic) return 0n;
    const committed = this.#row(topic.id)?.committed ?? (this.#topic < 0n ? topic.first : this.#next);
    return topic.next - (committed > topic.first ? committed : topic.first);
  }

  /** Messages that left the log before this group had committed them. */
  lost(): bigint {
    const topic = findTopic(this.db, this.options.topic);
    return (topic && this.#row(topic.id)?.lost) ?? 0n;
  }

  #enroll(): bigint {
    this.db.run(
      'INSERT OR IGNORE INTO groups (topic, name, committed, seenMs) VALUES (?, ?, ?, ?)',
      this.#topic,
      blobOf(this.options.group),
      this.#next,
      BigInt(Date.now()),
    );
    return this.#row(this.#topic)!.committed;
  }

  #row(topic: bigint): { committed: bigint; lost: bigint } | undefined {
    return this.db.get(
      'SELECT committed, lost FROM groups WHERE topic = ? AND name = ?',
      topic,
      blobOf(this.options.group),
    );
  }

  #lastWithin({ batchMessages, batchBytes }: Bounds): bigint | undefined {
    const sizes = this.db.all<{ offset: bigint; size: bigint }>(
      'SELECT offset, size FROM messages WHERE topic = ? AND offset >= ? ORDER BY offset LIMIT ?',
      this.#topic,
      this.#next,
      batchMessages,
    );
    let bytes = 0;
    const over = sizes.findIndex(({ size }) => (bytes += Number(size)) > batchBytes);
    return sizes[over === -1 ? sizes.length - 1 : Math.max(over - 1, 0)]?.offset;
  }

  #received(row: MessageRow): Received {
    return {
      topic: this.options.topic,
      partition: 0,
      offset: row.offset,
      timestampMs: Number(row.timestampMs),
      key: textOf(row.key),
      value: bytesOf(row.value),
      ...(row.headers ? { headers: JSON.parse(textOf(row.headers)) as Record<string, string> } : {}),
    };
  }
}
