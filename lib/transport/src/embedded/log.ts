/** A durable log in a directory, for one machine: every topic has one partition, 0. Many processes may open it. */
import { resolve } from 'node:path';
import { noLog } from '../log.js';
import type { Log } from '../log.js';
import { Database } from '../sqlite/database.js';
import { FileLock } from '../sqlite/file-lock.js';
import type { Consumer, Extent, Publisher } from '../types.js';
import { EmbeddedConsumer } from './consumer.js';
import type { ConsumerSettings } from './consumer.js';
import { Group } from './group.js';
import type { GroupOptions } from './group.js';
import { EmbeddedPublisher } from './publisher.js';
import type { Retention } from './retention.js';
import { migrations } from './schema.js';
import { findTopic } from './topic.js';

export interface EmbeddedOptions extends Partial<Retention>, Partial<ConsumerSettings> {
  /** Made where it is missing. */
  readonly directory: string;
  readonly log?: Log;
}

export interface EmbeddedLog {
  publisher(): Publisher;
  consumer(options: GroupOptions): Consumer;
  /** What a topic holds now; undefined where nobody has published to it or read from it yet. */
  extent(topic: string): Extent | undefined;
  /** Messages that left the log before some group had committed them, since the log was made. */
  lost(): bigint;
  /** Closes its publishers and consumers first, each in its orderly way. */
  close(): Promise<void>;
}

const retentionDefaults: Retention = {
  maxAgeMs: 24 * 3600_000,
  maxBytes: 256 << 20,
  forgetGroupMs: 7 * 24 * 3600_000,
};
const consumerDefaults: ConsumerSettings = {
  // What was left behind is caught up in slices of some 250,000 rows: two of DuckDB's row groups, which go into its file
  // at once instead of by its write-ahead log.
  batchMessages: 1000,
  batchBytes: 16 << 20,
  pollMs: 200,
  retryFirstMs: 200,
  retryMostMs: 10_000,
};

/** The log's file in its directory. */
export const logFile = (directory: string): string => resolve(directory, 'log.db');

/** @throws TransportError naming DENTRYSCOPE_DATA_DIR where the directory or its file cannot be used */
export function openEmbeddedLog(options: EmbeddedOptions): EmbeddedLog {
  return new Embedded(options);
}

class Embedded implements EmbeddedLog {
  readonly #db: Database;
  readonly #options: EmbeddedOptions;
  readonly #log: Log;
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.#log = options.log ?? noLog;
    this.#db = new Database({ file: logFile(options.directory), migrations });
  }

  publisher(): Publisher {
    return this.#keep(
      new EmbeddedPublisher(this.#db, { ...retentionDefaults, ...defined(this.#options) }, this.#log),
    );
  }

  consumer(options: GroupOptions): Consumer {
    const settings = { ...consumerDefaults, ...defined(this.#options) };
    const group = new Group(this.#db, options);
    const lock = options.ephemeral ? undefined : new FileLock(this.#lockFile(options));
    return this.#keep(new EmbeddedConsumer(this.#db.file, group, lock, settings, this.#log));
  }

  extent(topic: string): Extent | undefined {
    return findTopic(this.#db, topic);
  }

  lost(): bigint {
    const sum = this.#db.get<{ lost: bigint }>(
      'SELECT (SELECT ifnull(sum(lost), 0) FROM topics) + (SELECT ifnull(sum(lost), 0) FROM groups) AS lost',
    );
    return sum?.lost ?? 0n;
  }

  async close(): Promise<void> {
    await Promise.all(this.#closers.map((close) => close()));
    this.#db.close();
  }

  #keep<T extends Publisher | Consumer>(end: T): T {
    this.#closers.push(end.close.bind(end));
    return end;
  }

  #lockFile({ topic, group }: GroupOptions): string {
    return resolve(
      this.#options.directory,
      `group-${encodeURIComponent(topic)}-${encodeURIComponent(group)}.lock`,
    );
  }
}

/** An option that is undefined means the default. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
