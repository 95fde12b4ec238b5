/**
 * Windows between the kernel and the transport: durable, bounded, the newest first. One agent a directory. What `append`
 * returned from is there after SIGKILL and power loss; a window leaves when the transport has acknowledged it.
 */
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { FileLock, TransportError, openDatabase } from '@dentryscope/transport';
import type { Database } from '@dentryscope/transport';
import { packBlock } from './pack/block.js';
import { BLOCKS, SINGLES, isDamaged, migrations, unpack } from './spool-tables.js';
import type { Row, Table } from './spool-tables.js';

export interface SpoolOptions {
  readonly directory: string;
  /**
   * Bound of the file; its write-ahead log lies beside it, 1 MiB or one window. Past it the oldest windows are
   * dropped, and counted.
   */
  readonly maxBytes: number;
  readonly bootId: string;
  /**
   * Number of the first window of a boot that the spool does not know. Default 1. A spool that was emptied must not give
   * a number twice (the newest window of a node is found by it): milliseconds since the boot are never behind the count.
   */
  readonly firstSeq?: bigint;
}

export interface SpooledWindow {
  /** Order in the spool, over boots; of all windows of a block that of its newest. */
  readonly position: bigint;
  /** It lies in a block, with others. */
  readonly packed: boolean;
  readonly bytes: Uint8Array;
}

/** What a window is besides its bytes. */
export interface WindowToKeep {
  readonly bytes: Uint8Array;
  /** Unix milliseconds. */
  readonly endMs: number;
}

/** A boot that is long over is not asked for again. */
const BOOTS_KEPT = 16;
const WAL_BYTES = 1 << 20;
/** In a block; more would save little, and take more memory. */
const BLOCK_WINDOWS = 32;
/** Below this part of the bound nothing is packed: a short outage costs no time for it. */
const PACK_FROM = 1 / 16;

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
  #open = true;
  /** Handed out by `peek`, and not yet removed. */
  #lent = new Set<bigint>();

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
    return this.#counted(() => {
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

  /**
   * The newest, at most `limit` of them unless a block has more; of these the oldest first. A damaged one is dropped and
   * counted.
   */
  peek(limit: number): SpooledWindow[] {
    const singles = this.db.all<Row>(`${SINGLES} ORDER BY position DESC LIMIT ?`, limit).reverse();
    const table = singles.length > 0 ? 'windows' : 'blocks';
    const rows = singles.length > 0 ? singles : this.db.all<Row>(`${BLOCKS} ORDER BY position DESC LIMIT 1`);
    const damaged = rows.filter(isDamaged);
    if (damaged.length > 0 && this.#dropDamaged(table, damaged)) return this.peek(limit);
    const whole = rows.filter((row) => !damaged.includes(row));
    this.#lent = new Set(table === 'windows' ? whole.map(({ position }) => position) : []);
    return whole.flatMap((row) =>
      unpack(table, row).map((bytes) => ({ position: row.position, packed: table === 'blocks', bytes })),
    );
  }

  /** They have been acknowledged: all of a block, or none of it. */
  remove(windows: readonly Pick<SpooledWindow, 'position' | 'packed'>[]): void {
    const rows = new Map(
      windows.map(({ position, packed }) => [position, packed ? 'blocks' : 'windows'] as const),
    );
    this.#counted(() => {
      for (const [position, table] of rows) this.#delete(table, position);
    });
    this.#lent.clear();
  }

  /**
   * Makes a block of the oldest windows where much waits: half the room for each. Whenever the process ends, they are
   * there once: the block comes and they go in one transaction.
   * @returns false where there was nothing to pack
   * @throws TransportError (a full disk: retryable); all is as it was
   */
  async pack(): Promise<boolean> {
    if (this.db.usedBytes() < this.options.maxBytes * PACK_FROM) return false;
    const rows = this.db.all<Row>(`${SINGLES} ORDER BY position LIMIT ?`, BLOCK_WINDOWS);
    if (rows.length < BLOCK_WINDOWS || rows.some(isDamaged)) return false;
    const block = await packBlock(rows.flatMap((row) => unpack('windows', row)));
    if (!this.#open || !this.#allThere(rows)) return false;
    this.#counted(() => {
      for (const { position } of rows) this.#delete('windows', position);
      this.db.run(
        'INSERT INTO blocks VALUES (?, ?, ?, ?)',
        rows.at(-1)!.position,
        rows.length,
        crc32(block),
        block,
      );
      this.#size += rows.length;
    });
    return true;
  }

  /** Neither sent meanwhile, nor about to be: what is removed must not be in a block as well. */
  #allThere(rows: readonly Row[]): boolean {
    const [first, last] = [rows[0]!.position, rows.at(-1)!.position];
    const between = this.db.get<{ count: bigint }>(
      'SELECT count(*) AS count FROM windows WHERE position BETWEEN ? AND ?',
      ...[first, last],
    );
    return between?.count === BigInt(rows.length) && !rows.some(({ position }) => this.#lent.has(position));
  }

  close(): void {
    this.#open = false;
    this.db.close();
    this.lock.release();
  }

  #boot(): { last_seq: bigint; windows_lost: bigint } {
    return this.db.get('SELECT last_seq, windows_lost FROM boots WHERE boot_id = ?', this.options.bootId)!;
  }

  #beginBoot(): void {
    this.db.transaction(() => {
      this.db.run(
        `INSERT INTO boots VALUES (?, ?, 0, 0, ?) ON CONFLICT (boot_id) DO UPDATE SET used_at_ms = excluded.used_at_ms`,
        ...[this.options.bootId, (this.options.firstSeq ?? 1n) - 1n, Date.now()],
      );
      this.db.run(
        // This one by name: a clock that starts in 1970 makes it the oldest.
        `DELETE FROM boots WHERE boot_id <> ?1 AND boot_id NOT IN
           (SELECT boot_id FROM boots ORDER BY used_at_ms DESC LIMIT ?2)`,
        ...[this.options.bootId, BOOTS_KEPT],
      );
    });
  }

  /** The newest stays, whatever the bound: an answer of now is worth more than a full history. */
  #dropOldest(): void {
    while (this.#size > 1 && this.db.usedBytes() > this.options.maxBytes) {
      const [table, position] = this.#oldest();
      this.#countLost(this.#delete(table, position));
    }
  }

  #oldest(): [Table, bigint] {
    const first = (table: Table) =>
      this.db.get<{ position: bigint | null }>(`SELECT min(position) AS position FROM ${table}`)!.position;
    const block = first('blocks');
    return block === null ? ['windows', first('windows')!] : ['blocks', block];
  }

  /** @returns false where the disk is full: the damaged stay until there is room, and hold no good one back */
  #dropDamaged(table: Table, rows: readonly Row[]): boolean {
    try {
      this.#counted(() => {
        for (const { position } of rows) this.#countLost(this.#delete(table, position));
      });
      return true;
    } catch (error) {
      if (!(error instanceof TransportError && error.retryable)) throw error;
      return false;
    }
  }

  /** A transaction; what was rolled back does not count. */
  #counted<T>(body: () => T): T {
    try {
      return this.db.transaction(body);
    } catch (error) {
      this.#count();
      throw error;
    }
  }

  #countLost(count: number): void {
    this.db.run(
      'UPDATE boots SET windows_lost = windows_lost + ? WHERE boot_id = ?',
      count,
      this.options.bootId,
    );
  }

  /** @returns how many windows */
  #delete(table: Table, position: bigint): number {
    const count =
      table === 'windows'
        ? 1
        : Number(
            this.db.get<{ windows: bigint }>('SELECT windows FROM blocks WHERE position = ?', position)
              ?.windows ?? 0,
          );
    const gone = this.db.run(`DELETE FROM ${table} WHERE position = ?`, position) * count;
    this.#size -= gone;
    return gone;
  }

  #count(): void {
    this.#size = Number(
      this.db.get<{ size: bigint }>(
        'SELECT (SELECT count(*) FROM windows) + (SELECT ifnull(sum(windows), 0) FROM blocks) AS size',
      )!.size,
    );
  }
}
