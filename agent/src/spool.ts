/**
 * Windows between the kernel and the transport: durable, bounded, the newest first. One agent a directory. What `append`
 * returned from is there after SIGKILL and power loss; a window leaves when the transport has acknowledged it.
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FileLock, TransportError, openDatabase } from '@dentryscope/transport';
import type { Database } from '@dentryscope/transport';
import { packBlock } from './pack/block.js';
import { SpoolMemory } from './spool-memory.js';
import { SpoolRows } from './spool-rows.js';
import type { Dropped } from './spool-rows.js';
import { SINGLES, migrations } from './spool-tables.js';
import type { Row } from './spool-tables.js';

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

type Placed = Omit<SpooledWindow, 'bytes'>;

/** What a window is besides its bytes. */
export interface WindowToKeep {
  readonly bytes: Uint8Array;
  /** Unix milliseconds. */
  readonly endMs: number;
  /** What the next agent of this boot has to know. Default: what is there stays. */
  readonly notes?: string;
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
  #open = true;
  readonly #memory = new SpoolMemory();
  readonly #rows: SpoolRows;

  constructor(
    private readonly db: Database,
    private readonly lock: FileLock,
    private readonly options: SpoolOptions,
  ) {
    this.#beginBoot();
    this.#rows = new SpoolRows(db, this.#memory, options);
  }

  /** Windows that wait. */
  get size(): number {
    return this.#rows.size - this.#memory.notWaiting;
  }

  /** End of the last window of this boot or any before, Unix milliseconds; 0 where there was none. */
  get lastWindowEndMs(): number {
    return Number(this.db.get<{ ms: bigint }>('SELECT max(last_window_end_ms) AS ms FROM boots')!.ms);
  }

  /** Of the last window of this boot that had some. */
  get notes(): string | undefined {
    const { bootId } = this.options;
    const row = this.db.get<{ notes: string | null }>('SELECT notes FROM boots WHERE boot_id = ?', bootId);
    return row?.notes ?? undefined;
  }

  /**
   * Windows that were dropped or damaged in this boot; it never goes back. One that is dropped in flight counts when its
   * publish has failed, or this process has ended before it was acknowledged.
   */
  get windowsLost(): bigint {
    return this.#rows.boot().windows_lost + BigInt(this.#memory.lost);
  }

  /**
   * Durable when it returns. The number is taken in the same transaction, so none is ever burnt: where this throws,
   * the next window gets it.
   * @throws TransportError (a full disk: retryable); what `build` throws
   */
  append<T extends WindowToKeep>(build: (seq: bigint) => T): T {
    const dropped: Dropped[] = [];
    const kept = this.#rows.transaction(() => {
      const seq = this.#rows.boot().last_seq + 1n;
      const window = build(seq);
      const gzip = gzipSync(window.bytes);
      this.#rows.addWindow(gzip);
      this.db.run(
        `UPDATE boots SET last_seq = ?, last_window_end_ms = max(last_window_end_ms, ?), used_at_ms = ?,
           notes = coalesce(?, notes) WHERE boot_id = ?`,
        ...[seq, window.endMs, Date.now(), window.notes ?? null, this.options.bootId],
      );
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
    const singles = this.#rows.newest('windows', limit);
    const packed = singles.length === 0;
    const rows = packed ? this.#rows.newest('blocks', 1) : singles;
    this.#memory.lend(rows.map(({ position }) => position));
    return rows.flatMap(({ position, windows }) =>
      windows
        .map((bytes, index) => ({ position, packed, index, of: windows.length, bytes }))
        .filter(({ index }) => !this.#memory.acknowledged(position).has(index)),
    );
  }

  /** They have been acknowledged. A block leaves with its last window. */
  remove(windows: readonly Placed[]): void {
    this.#remove(windows, 0);
  }

  /** They never will be: they leave, and count as lost. */
  drop(windows: readonly Placed[]): void {
    // One that was dropped in flight has been counted.
    const there = windows.filter(({ position }) => !this.#memory.isInDoubt(position));
    this.#remove(there, there.length);
  }

  #remove(windows: readonly Placed[], lost: number): void {
    const parts = new Map<bigint, Placed[]>();
    for (const window of windows) parts.set(window.position, [...(parts.get(window.position) ?? []), window]);
    const after = this.#rows.transaction(() => {
      if (lost > 0) this.#rows.countLost(lost);
      return [...parts].map((part) => this.#removePart(...part));
    });
    for (const remember of after) remember();
  }

  /** @returns what to remember once it is durable */
  #removePart(position: bigint, part: readonly Placed[]): () => void {
    if (this.#memory.isInDoubt(position)) {
      this.#rows.countLost(-part.length);
      return () => this.#memory.clearDoubt(position, part.length);
    }
    const { packed, of } = part[0]!;
    const all = new Set([...this.#memory.acknowledged(position), ...part.map(({ index }) => index)]);
    if (all.size < of) return () => this.#memory.keepAcknowledged(position, all);
    this.#rows.delete(packed ? 'blocks' : 'windows', position);
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
    const whole = this.#rows.whole('windows', rows);
    // What was damaged has left, and others are the oldest; or it cannot leave, and a block has no room either.
    if (whole.length < rows.length) return !rows.some(({ position }) => this.#memory.isAside(position));
    const block = await packBlock(whole.flatMap(({ windows }) => windows));
    if (!this.#open || !this.#allThere(rows)) return false;
    this.#rows.transaction(() => {
      for (const { position } of rows) this.#rows.delete('windows', position);
      this.#rows.addBlock(rows.at(-1)!.position, rows.length, block);
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

  #beginBoot(): void {
    this.db.transaction(() => {
      this.db.run(
        `INSERT INTO boots (boot_id, last_seq, last_window_end_ms, windows_lost, used_at_ms) VALUES (?, ?, 0, 0, ?)
           ON CONFLICT (boot_id) DO UPDATE SET used_at_ms = excluded.used_at_ms`,
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
    while (this.#rows.size > 1 && this.db.usedBytes() > this.options.maxBytes)
      dropped.push(this.#rows.drop(...this.#rows.oldest()));
    return dropped;
  }
}
