/**
 * Windows between the kernel and the transport: durable, in order, bounded. One agent a directory. What `append`
 * returned from is there after SIGKILL and power loss; a window leaves when the transport has acknowledged it.
 */
import { join } from 'node:path';
import { crc32, gunzipSync, gzipSync } from 'node:zlib';
import { FileLock, TransportError, openDatabase } from '@dentryscope/transport';
import type { Database } from '@dentryscope/transport';

export interface SpoolOptions {
  readonly directory: string;
  /**
   * Bound of the file; its write-ahead log lies beside it, 1 MiB or one window. Past it the oldest windows are
   * dropped, and counted.
   */
  readonly maxBytes: number;
  readonly bootId: string;
}

export interface SpooledWindow {
  /** Order in the spool, over boots. */
  readonly position: bigint;
  readonly bytes: Uint8Array;
}

/** What a window is besides its bytes. */
export interface WindowToKeep {
  readonly bytes: Uint8Array;
  /** Unix milliseconds. */
  readonly endMs: number;
}

const migrations = [
  `CREATE TABLE windows (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     gzip BLOB NOT NULL,
     crc32 INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE boots (
     boot_id TEXT PRIMARY KEY,
     last_seq INTEGER NOT NULL,
     last_window_end_ms INTEGER NOT NULL,
     windows_lost INTEGER NOT NULL,
     used_at_ms INTEGER NOT NULL
   ) STRICT;`,
];

/** A boot that is long over is not asked for again. */
const BOOTS_KEPT = 16;
const WAL_BYTES = 1 << 20;

/** @throws TransportError that names DENTRYSCOPE_DATA_DIR: not writable, damaged, or another agent's */
export function openSpool(options: SpoolOptions): Spool {
  const lock = new FileLock(join(options.directory, 'lock.db'));
  if (!lock.tryAcquire())
    throw new TransportError(
      `${options.directory} belongs to another agent that is running: end it, or set another DENTRYSCOPE_DATA_DIR`,
      false,
    );
  try {
    const file = join(options.directory, 'spool.db');
    return new Spool(openDatabase({ file, migrations, walBytes: WAL_BYTES }), lock, options);
  } catch (error) {
    lock.release();
    throw error;
  }
}

export class Spool {
  #size = 0;

  constructor(
    private readonly db: Database,
    private readonly lock: FileLock,
    private readonly options: SpoolOptions,
  ) {
    this.#beginBoot();
    this.#count();
  }

  /** Windows that wait. */
  get size(): number {
    return this.#size;
  }

  /** End of the last window of this boot or any before, Unix milliseconds; 0 where there was none. */
  get lastWindowEndMs(): number {
    return Number(this.db.get<{ ms: bigint }>('SELECT max(last_window_end_ms) AS ms FROM boots')!.ms);
  }

  /** Windows of this boot that were dropped or damaged. */
  get windowsLost(): bigint {
    return this.#boot().windows_lost;
  }

  /**
   * Durable when it returns. The number is taken in the same transaction, so none is ever burnt: where this throws,
   * the next window gets it.
   * @throws TransportError (a full disk: retryable); what `build` throws
   */
  append<T extends WindowToKeep>(build: (seq: bigint) => T): T {
    try {
      return this.#append(build);
    } catch (error) {
      this.#count(); // what was rolled back does not count
      throw error;
    }
  }

  #append<T extends WindowToKeep>(build: (seq: bigint) => T): T {
    return this.db.transaction(() => {
      const seq = this.#boot().last_seq + 1n;
      const window = build(seq);
      const gzip = gzipSync(window.bytes);
      this.db.run('INSERT INTO windows (gzip, crc32) VALUES (?, ?)', gzip, crc32(gzip));
      this.db.run(
        'UPDATE boots SET last_seq = ?, last_window_end_ms = max(last_window_end_ms, ?), used_at_ms = ? WHERE boot_id = ?',
        ...[seq, window.endMs, Date.now(), this.options.bootId],
      );
      this.#size += 1;
      this.#dropOldest();
      return window;
    });
  }

  /** Oldest first. A damaged one is dropped and counted. */
  peek(limit: number): SpooledWindow[] {
    const rows = this.db
      .all<{ position: bigint; gzip: ArrayBuffer; crc32: bigint }>(
        'SELECT position, gzip, crc32 FROM windows ORDER BY position LIMIT ?',
        limit,
      )
      .map((row) => ({ ...row, gzip: Buffer.from(row.gzip) }));
    const damaged = rows.filter(({ gzip, crc32: sum }) => crc32(gzip) !== Number(sum));
    if (damaged.length > 0 && this.#dropDamaged(damaged)) return this.peek(limit);
    return rows
      .filter((row) => !damaged.includes(row))
      .map(({ position, gzip }) => ({ position, bytes: gunzipSync(gzip) }));
  }

  /** All up to this one have been acknowledged. */
  remove({ position }: Pick<SpooledWindow, 'position'>): void {
    this.#delete('position <= ?', position);
  }

  close(): void {
    this.db.close();
    this.lock.release();
  }

  #boot(): { last_seq: bigint; windows_lost: bigint } {
    return this.db.get('SELECT last_seq, windows_lost FROM boots WHERE boot_id = ?', this.options.bootId)!;
  }

  #beginBoot(): void {
    this.db.transaction(() => {
      this.db.run(
        `INSERT INTO boots VALUES (?, 0, 0, 0, ?) ON CONFLICT (boot_id) DO UPDATE SET used_at_ms = excluded.used_at_ms`,
        ...[this.options.bootId, Date.now()],
      );
      this.db.run(
        'DELETE FROM boots WHERE boot_id NOT IN (SELECT boot_id FROM boots ORDER BY used_at_ms DESC LIMIT ?)',
        BOOTS_KEPT,
      );
    });
  }

  /** The newest stays, whatever the bound: an answer of now is worth more than a full history. */
  #dropOldest(): void {
    while (this.#size > 1 && this.db.usedBytes() > this.options.maxBytes)
      this.#countLost(this.#delete('position = (SELECT min(position) FROM windows)'));
  }

  /** @returns false where the disk is full: the damaged stay until there is room, and hold no good one back */
  #dropDamaged(rows: readonly { position: bigint }[]): boolean {
    try {
      this.db.transaction(() => {
        for (const { position } of rows) this.#countLost(this.#delete('position = ?', position));
      });
      return true;
    } catch (error) {
      this.#count();
      if (!(error instanceof TransportError && error.retryable)) throw error;
      return false;
    }
  }

  #countLost(count: number): void {
    this.db.run(
      'UPDATE boots SET windows_lost = windows_lost + ? WHERE boot_id = ?',
      count,
      this.options.bootId,
    );
  }

  /** @returns how many */
  #delete(where: string, ...values: bigint[]): number {
    const gone = this.db.run(`DELETE FROM windows WHERE ${where}`, ...values);
    this.#size -= gone;
    return gone;
  }

  #count(): void {
    this.#size = Number(this.db.get<{ size: bigint }>('SELECT count(*) AS size FROM windows')!.size);
  }
}
