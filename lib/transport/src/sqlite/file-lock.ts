/** A lock between processes that the kernel frees when its holder dies, by SIGKILL too. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Libsql from 'libsql';
import { isBusy, sqliteError } from './errors.js';

/** An empty SQLite file held by BEGIN EXCLUSIVE. Only `exec` is used: such a connection is closed by `close`. */
export class FileLock {
  #db: Libsql.Database | undefined;

  constructor(readonly file: string) {}

  /**
   * @returns whether this object has the lock now. Another one of this process counts as another holder.
   * @throws TransportError where the file cannot be made
   */
  tryAcquire(): boolean {
    if (this.#db) return true;
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      return this.#begin(new Libsql(this.file));
    } catch (error) {
      throw sqliteError(error, this.file);
    }
  }

  release(): void {
    this.#db?.exec('ROLLBACK');
    this.#db?.close();
    this.#db = undefined;
  }

  #begin(db: Libsql.Database): boolean {
    try {
      db.exec('BEGIN EXCLUSIVE');
      this.#db = db;
      return true;
    } catch (error) {
      db.close();
      if (isBusy(error)) return false;
      throw error;
    }
  }
}
