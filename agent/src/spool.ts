/**
 * Windows between the kernel and the transport: durable, bounded, the newest first. One agent a directory. What `append`
 * returned from is there after SIGKILL and power loss; a window leaves when the transport has acknowledged it.
 */
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { FileLock, TransportError, openDatabase } from '@dentryscope/transport';
import type { Database } from '@dentryscope/transport';
import { packBlock } from './pack/block.js';
import { SpoolMemory } from './spool-memory.js';
import { BLOCKS, SINGLES, migrations, read } from './spool-tables.js';
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
  /** Told once of each damaged window or block: what is wrong, and how many windows are lost by it. */
  readonly onDamaged?: (reason: Error, windows: number) => void;
}

export interface SpooledWindow {
  /** Order in the spool, over boots; of all windows of a block that of its newest. */
  readonly position: bigint;
  /** It lies in a block, as the `index`-th of `of` windows. */
  readonly packed: boolean;
  readonly index: number;
  readonly of: number;
  readonly bytes: Uint8Array;
}

/** A row that is whole. */
interface Whole {
  readonly position: bigint;
  readonly windows: readonly Uint8Array[];
}

/** A row that was dropped, and how many windows were lost by it. */
interface Dropped {
  readonly position: bigint;
  readonly windows: number;
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
/** Above all positions. */
const END = 2n ** 63n - 1n;

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
  readonly #memory = new SpoolMemory();

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
    return this.#size - this.#memory.notWaiting;
  }

  /** End of the last window of this boot or any before, Unix milliseconds; 0 where there was none. */
  get lastWindowEndMs(): number {
    return Number(this.db.get<{ ms: bigint }>('SELECT max(last_window_end_ms) AS ms FROM boots')!.ms);
  }

  /**
   * Windows that were dropped or damaged in this boot; it never goes back. One that is dropped in flight counts when its
   * publish has failed, or this process has ended before it was acknowledged.
   */
  get windowsLost(): bigint {
    return this.#boot().windows_lost + BigInt(this.#memory.lost);
  }

  /**
   * Durable when it returns. The number is taken in the same transaction, so none is ever burnt: where this throws,
   * the next window gets it.
   * @throws TransportError (a full disk: retryable); what `build` throws
   */
  append<T extends WindowToKeep>(build: (seq: bigint) => T): T {
    const dropped: Dropped[] = [];
    const kept = this.#counted(() => {
      const seq = this.#boot().last_seq + 1n;
      const window = build(seq);
      const gzip = gzipSync(window.bytes);
      this.db.run('INSERT INTO windows (gzip, crc32) VALUES (?, ?)', gzip, crc32(gzip));
      this.db.run(
        'UPDATE boots SET last_seq = ?, last_window_end_ms = max(last_window_end_ms, ?), used_at_ms = ? WHERE boot_id = ?',
        ...[seq, window.endMs, Date.now(), this.options.bootId],
      );
      this.#size += 1;
      dropped.push(...this.#dropOldest());
      return window;
    });
    for (const { position, windows } of dropped) this.#memory.dropped(position, windows);
    return kept;
  }

  /**
   * The newest that wait, at most `limit` of them unless a block has more; of these the oldest first. What was handed out
   * before and not removed since is taken for not acknowledged. A damaged one is dropped and counted.
   */
  peek(limit: number): SpooledWindow[] {
    const singles = this.#newest('windows', limit);
    const packed = singles.length === 0;
    const rows = packed ? this.#newest('blocks', 1) : singles;
    this.#memory.lend(rows.map(({ position }) => position));
    return rows.flatMap(({ position, windows }) =>
      windows
        .map((bytes, index) => ({ position, packed, index, of: windows.length, bytes }))
        .filter(({ index }) => !this.#memory.acknowledged(position).has(index)),
    );
  }

  /** They have been acknowledged. A block leaves with its last window. */
  remove(windows: readonly Omit<SpooledWindow, 'bytes'>[]): void {
    const parts = new Map<bigint, Omit<SpooledWindow, 'bytes'>[]>();
    for (const window of windows) parts.set(window.position, [...(parts.get(window.position) ?? []), window]);
    const after = this.#counted(() => [...parts].map((part) => this.#removePart(...part)));
    for (const remember of after) remember();
  }

  /** @returns what to remember once it is durable */
  #removePart(position: bigint, part: readonly Omit<SpooledWindow, 'bytes'>[]): () => void {
    if (this.#memory.isInDoubt(position)) {
      this.#countLost(-part.length);
      return () => this.#memory.clearDoubt(position, part.length);
    }
    const { packed, of } = part[0]!;
    const all = new Set([...this.#memory.acknowledged(position), ...part.map(({ index }) => index)]);
    if (all.size < of) return () => this.#memory.keepAcknowledged(position, all);
    this.#delete(packed ? 'blocks' : 'windows', position);
    return () => this.#memory.gone(position);
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
    if (rows.length < BLOCK_WINDOWS) return false;
    const whole = this.#whole('windows', rows);
    // What was damaged has left, and others are the oldest; or it cannot leave, and a block has no room either.
    if (whole.length < rows.length) return !rows.some(({ position }) => this.#memory.isAside(position));
    const block = await packBlock(whole.flatMap(({ windows }) => windows));
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
    return (
      between?.count === BigInt(rows.length) && !rows.some(({ position }) => this.#memory.isLent(position))
    );
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
  #dropOldest(): Dropped[] {
    const dropped: Dropped[] = [];
    while (this.#size > 1 && this.db.usedBytes() > this.options.maxBytes)
      dropped.push(this.#drop(...this.#oldest()));
    return dropped;
  }

  /** In a transaction; memory hears of it when that is durable. */
  #drop(table: Table, position: bigint): Dropped {
    const windows = this.#delete(table, position) - this.#memory.acknowledged(position).size;
    this.#countLost(windows);
    return { position, windows };
  }

  #oldest(): [Table, bigint] {
    const first = (table: Table) =>
      this.db.get<{ position: bigint | null }>(`SELECT min(position) AS position FROM ${table}`)!.position;
    const block = first('blocks');
    return block === null ? ['windows', first('windows')!] : ['blocks', block];
  }

  /** The newest rows that are whole, the oldest of them first: a damaged one hides none. */
  #newest(table: Table, most: number): Whole[] {
    const found: Whole[] = [];
    for (let below = END; found.length < most;) {
      const rows = this.db.all<Row>(
        `${table === 'windows' ? SINGLES : BLOCKS} WHERE position < ? ORDER BY position DESC LIMIT ?`,
        ...[below, most - found.length],
      );
      if (rows.length === 0) break;
      below = rows.at(-1)!.position;
      found.push(...this.#whole(table, rows));
    }
    return found.reverse();
  }

  /** Those of the rows that are whole; the others are dropped. */
  #whole(table: Table, rows: readonly Row[]): Whole[] {
    const whole: Whole[] = [];
    const damaged: { row: Row; reason: Error }[] = [];
    for (const row of rows) {
      const windows = read(table, row);
      if (windows instanceof Error) damaged.push({ row, reason: windows });
      else whole.push({ position: row.position, windows });
    }
    for (const { row, reason } of damaged) this.#dropDamaged(table, row, reason);
    return whole;
  }

  /** Deleting takes room as well: on a full disk it stays until there is some, and counts as lost from now on. */
  #dropDamaged(table: Table, { position, windows }: Row, reason: Error): void {
    const known = this.#memory.isAside(position);
    let lost = Number(windows) - this.#memory.acknowledged(position).size;
    try {
      const dropped = this.#counted(() => this.#drop(table, position));
      this.#memory.dropped(position, (lost = dropped.windows));
    } catch (error) {
      if (!(error instanceof TransportError && error.retryable)) throw error;
      this.#memory.setAside(position, lost);
    }
    if (!known) this.options.onDamaged?.(reason, lost);
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
