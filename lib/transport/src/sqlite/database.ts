/**
 * SQLite through libsql: the embedded log and the agent's spool lie on it. WAL, synchronous=FULL: what
 * `transaction` returned from survives SIGKILL and power loss, and what it did not return from is there whole or
 * not at all. Several processes may have one file open. Every call is synchronous and blocks the thread for an fsync
 * at most, or `busyTimeoutMs` where another process writes.
 *
 * What libsql 0.5.29 needs kept away from it, each seen in test/database.test.ts:
 * - `Statement.get` after a failed call runs with the parameters of the call before. Only `all` and `run` are used.
 * - `run(buffer)` takes the buffer for named parameters and aborts the process. Parameters always go as one array.
 * - Text ends at its first NUL. What comes from outside is stored as a blob.
 * - `close` leaves the file open until the statements are collected (libsql-js#228): locks are FileLock's matter.
 * - Its SQLite is 3.45: a checkpoint beside a committing writer can damage the file (sqlite.org/wal.html, "The
 *   WAL-Reset Bug"). Automatic checkpoints are off; ours are TRUNCATE, which keep writers out while they run.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Libsql from 'libsql';
import { TransportError } from '../types.js';
import { isBusy, sqliteError } from './errors.js';

export type SqlValue = bigint | number | string | Uint8Array | null;
export type SqlRow = Readonly<Record<string, bigint | string | Uint8Array | null>>;

export interface DatabaseOptions {
  /** Its folder is made where it is missing. */
  readonly file: string;
  /** SQL that makes version 1, then what makes version 2 of it, and so on. Never changed once released. */
  readonly migrations: readonly string[];
  /** How long a writer waits for another process, in milliseconds; it blocks the thread. Default 2000. */
  readonly busyTimeoutMs?: number;
  /** Size of the write-ahead log past which a commit moves it into the file. Default 4 MiB. */
  readonly walBytes?: number;
}

/** @throws TransportError naming DENTRYSCOPE_DATA_DIR; `retryable` tells a full disk from a damaged file. */
export function openDatabase(options: DatabaseOptions): Database {
  return new Database(options);
}

/** Every method throws TransportError and leaves the database usable. Integers come back as bigint. */
export class Database {
  readonly #db: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement>();
  readonly #walBytes: number;
  readonly file: string;
  #open = true;

  constructor(options: DatabaseOptions) {
    this.file = options.file;
    this.#walBytes = options.walBytes ?? 4 << 20;
    const busyTimeoutMs = options.busyTimeoutMs ?? 2000;
    this.#db = this.#try(() => {
      mkdirSync(dirname(this.file), { recursive: true });
      return new Libsql(this.file, { timeout: busyTimeoutMs });
    });
    try {
      this.#db.defaultSafeIntegers(true);
      this.#configure(Date.now() + busyTimeoutMs);
      this.#migrate(options.migrations);
    } catch (error) {
      this.close();
      throw sqliteError(error, this.file);
    }
  }

  /** Runs statements that take no parameters. */
  exec(sql: string): void {
    this.#try(() => this.#usable().exec(sql));
  }

  /** @returns how many rows were changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.#try(() => this.#statement(sql).run(values).changes);
  }

  all<Row = SqlRow>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#try(() => this.#statement(sql).all(values) as Row[]);
  }

  get<Row = SqlRow>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.all<Row>(sql, ...values)[0];
  }

  /** Durable when it returns. Where `body` or the commit throws, nothing of it is kept. Not reentrant. */
  transaction<T>(body: () => T): T {
    const result = this.#try(() => {
      this.#usable().exec('BEGIN IMMEDIATE');
      try {
        const value = body();
        this.#db.exec('COMMIT');
        return value;
      } catch (error) {
        this.#rollback();
        throw error;
      }
    });
    this.#checkpointIfLong();
    return result;
  }

  /** Bytes in use; what was deleted is used again before the file grows. */
  usedBytes(): number {
    const read = (name: string) => Number(Object.values(this.get(`PRAGMA ${name}`) ?? {})[0]);
    return (read('page_count') - read('freelist_count')) * read('page_size');
  }

  close(): void {
    if (!this.#open) return;
    this.#checkpoint();
    this.#open = false;
    this.#statements.clear();
    this.#db.close();
  }

  #configure(deadlineMs: number): void {
    for (;;)
      try {
        this.#db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0');
        break;
      } catch (error) {
        // Changing to WAL does not use the busy timeout: two processes that make the file at once meet here.
        if (!isBusy(error) || Date.now() > deadlineMs) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
    const mode = this.get('PRAGMA journal_mode')?.journal_mode;
    if (mode !== 'wal')
      throw new TransportError(
        `${this.file}: the file system of DENTRYSCOPE_DATA_DIR has no WAL (${mode})`,
        false,
      );
  }

  #migrate(migrations: readonly string[]): void {
    if (this.#version() === migrations.length) return;
    this.transaction(() => {
      const version = this.#version();
      if (version > migrations.length)
        throw new TransportError(
          `${this.file} was written by a newer dentryscope (version ${version}): update, or set another DENTRYSCOPE_DATA_DIR`,
          false,
        );
      migrations.slice(version).forEach((sql) => this.#db.exec(sql));
      this.#db.exec(`PRAGMA user_version=${migrations.length}`);
    });
  }

  #version(): number {
    return Number(this.get('PRAGMA user_version')?.user_version ?? 0);
  }

  #statement(sql: string): Libsql.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#usable().prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #usable(): Libsql.Database {
    if (!this.#open) throw new TransportError(`${this.file} is closed.`, false);
    return this.#db;
  }

  /** SQLite may have rolled back by itself (a full disk); then there is nothing to do, and nothing to report. */
  #rollback(): void {
    try {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
    } catch (error) {
      throw sqliteError(error, this.file);
    }
  }

  #checkpointIfLong(): void {
    const size = statSync(`${this.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (size > this.#walBytes) this.#checkpoint();
  }

  /** Not needed for durability, and it may fail for want of room: the next commit tries again. */
  #checkpoint(): void {
    try {
      this.#statement('PRAGMA wal_checkpoint(TRUNCATE)').all([]);
    } catch {
      // Nothing is lost by it: the log stays as it is.
    }
  }

  #try<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw sqliteError(error, this.file);
    }
  }
}
