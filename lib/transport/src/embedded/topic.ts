import type { Database } from '../sqlite/database.js';

export interface Topic {
  readonly id: bigint;
  /** The oldest offset kept. */
  readonly first: bigint;
  /** The offset of the next message. */
  readonly next: bigint;
}

export const blobOf = (text: string): Uint8Array => Buffer.from(text);
/** `all` gives blobs as ArrayBuffer. */
export const bytesOf = (blob: Uint8Array | ArrayBuffer): Uint8Array => new Uint8Array(blob);
export const textOf = (blob: Uint8Array | ArrayBuffer): string => Buffer.from(bytesOf(blob)).toString();

/** The topic, made where it is not there. Inside a transaction. */
export function topicOf(db: Database, name: string): Topic {
  db.run('INSERT OR IGNORE INTO topics (name) VALUES (?)', blobOf(name));
  return findTopic(db, name)!;
}

export function findTopic(db: Database, name: string): Topic | undefined {
  return db.get<Topic>('SELECT id, first, next FROM topics WHERE name = ?', blobOf(name));
}
