/** Keeps the log's file bounded. What leaves it unread is counted and logged. */
import type { Database } from '../sqlite/database.js';
import type { Log } from '../log.js';
import { textOf } from './topic.js';

export interface Retention {
  /** How long what every group has committed is kept, in milliseconds. */
  readonly maxAgeMs: number;
  /** Bound of the file; past it the oldest messages leave, read or not. */
  readonly maxBytes: number;
  /** A group that has not been there for so long is forgotten, in milliseconds: its offset holds nothing back. */
  readonly forgetGroupMs: number;
}

/** Bounds what one publish pays for the others' backlog. */
const MOST_BY_AGE = 1000n;
const STEP_BY_SIZE = 64;
const STEPS_BY_SIZE = 200;

interface TopicRow {
  readonly id: bigint;
  readonly name: ArrayBuffer;
  readonly first: bigint;
}

/** Inside a transaction. */
export function trimBySize(db: Database, maxBytes: number, log: Log): void {
  for (let step = 0; step < STEPS_BY_SIZE && db.usedBytes() > maxBytes; step++) {
    const oldest = db.all<{ topic: bigint; upTo: bigint }>(
      `SELECT topic, max(offset) + 1 AS upTo FROM (SELECT topic, offset FROM messages ORDER BY id LIMIT ?)
       GROUP BY topic`,
      STEP_BY_SIZE,
    );
    for (const { topic, upTo } of oldest) dropBefore(db, topicRow(db, topic), upTo, log);
  }
}

/** Inside a transaction. */
export function trimByAge(db: Database, retention: Retention, log: Log): void {
  forgetGroups(db, Date.now() - retention.forgetGroupMs, log);
  const read = db.all<TopicRow & { committed: bigint }>(
    `SELECT id, topics.name, first, min(committed) AS committed FROM topics JOIN groups ON topic = id GROUP BY id`,
  );
  for (const topic of read) {
    const limit = lesser(topic.committed, topic.first + MOST_BY_AGE);
    const upTo = firstYoung(db, topic, limit, Date.now() - retention.maxAgeMs);
    if (upTo > topic.first) dropBefore(db, topic, upTo, log);
  }
}

/** A step of the clock may put an old timestamp behind a young one; only what is old from the start leaves. */
function firstYoung(db: Database, topic: TopicRow, limit: bigint, cutoffMs: number): bigint {
  const row = db.get<{ offset: bigint | null }>(
    'SELECT min(offset) AS offset FROM messages WHERE topic = ? AND offset < ? AND timestampMs >= ?',
    topic.id,
    limit,
    BigInt(cutoffMs),
  );
  return row?.offset ?? limit;
}

function forgetGroups(db: Database, beforeMs: number, log: Log): void {
  const gone = db.all<{ name: ArrayBuffer }>('SELECT name FROM groups WHERE seenMs < ?', BigInt(beforeMs));
  if (gone.length === 0) return;
  db.run('DELETE FROM groups WHERE seenMs < ?', BigInt(beforeMs));
  log('info', 'embedded log: groups forgotten', { groups: gone.map(({ name }) => textOf(name)) });
}

function dropBefore(db: Database, topic: TopicRow, upTo: bigint, log: Log): void {
  countUnread(db, topic, upTo, log);
  db.run('DELETE FROM messages WHERE topic = ? AND offset < ?', topic.id, upTo);
  db.run('UPDATE topics SET first = ? WHERE id = ?', upTo, topic.id);
}

function countUnread(db: Database, topic: TopicRow, upTo: bigint, log: Log): void {
  const groups = db.all<{ name: ArrayBuffer; committed: bigint }>(
    'SELECT name, committed FROM groups WHERE topic = ?',
    topic.id,
  );
  const losers = groups.filter(({ committed }) => committed < upTo);
  for (const { name, committed } of losers) {
    const lost = upTo - greater(committed, topic.first);
    db.run(
      'UPDATE groups SET lost = lost + ? WHERE topic = ? AND name = ?',
      lost,
      topic.id,
      new Uint8Array(name),
    );
    warn(log, lost, topic, textOf(name));
  }
  if (groups.length > 0) return;
  db.run('UPDATE topics SET lost = lost + ? WHERE id = ?', upTo - topic.first, topic.id);
  warn(log, upTo - topic.first, topic, undefined);
}

function warn(log: Log, lost: bigint, topic: TopicRow, group: string | undefined): void {
  log('warn', 'embedded log: messages dropped unread, its size has reached the bound', {
    lost: lost.toString(),
    topic: textOf(topic.name),
    group,
  });
}

function topicRow(db: Database, id: bigint): TopicRow {
  return db.get<TopicRow>('SELECT id, name, first FROM topics WHERE id = ?', id)!;
}

const lesser = (a: bigint, b: bigint) => (a < b ? a : b);
const greater = (a: bigint, b: bigint) => (a > b ? a : b);
