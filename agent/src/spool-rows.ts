/** The rows of a spool's tables: what is whole of them, what leaves them, and how many windows are in them. */
import { crc32 } from 'node:zlib';
import { TransportError } from '@dentryscope/transport';
import type { Database } from '@dentryscope/transport';
import type { SpoolMemory } from './spool-memory.js';
import { BLOCKS, SINGLES, read } from './spool-tables.js';
import type { Row, Table } from './spool-tables.js';

/** A row that is whole. */
export interface Whole {
  readonly position: bigint;
  readonly windows: readonly Uint8Array[];
}

/** A row that was dropped, and how many windows were lost by it. */
export interface Dropped {
  readonly position: bigint;
  readonly windows: number;
}

export interface RowsOptions {
  readonly bootId: string;
  readonly onDamaged?: (reason: Error, windows: number) => void;
}

/** Above all positions. */
const END = 2n ** 63n - 1n;

/** All but `newest`, `whole` and `boot` are for the body of a transaction. */
export class SpoolRows {
  #size = 0;

  constructor(
    private readonly db: Database,
    private readonly memory: SpoolMemory,
    private readonly options: RowsOptions,
  ) {
    this.#count();
  }

  /** Windows in the tables. */
  get size(): number {
    return this.#size;
  }

  addWindow(gzip: Uint8Array): void {
    this.db.run('INSERT INTO windows (gzip, crc32) VALUES (?, ?)', gzip, crc32(gzip));
    this.#size += 1;
  }

  addBlock(position: bigint, windows: number, block: Uint8Array): void {
    this.db.run('INSERT INTO blocks VALUES (?, ?, ?, ?)', position, windows, crc32(block), block);
    this.#size += windows;
  }

  boot(): { last_seq: bigint; windows_lost: bigint } {
    return this.db.get('SELECT last_seq, windows_lost FROM boots WHERE boot_id = ?', this.options.bootId)!;
  }

  /** In a transaction; memory hears of it when that is durable. */
  drop(table: Table, position: bigint): Dropped {
    const windows = this.delete(table, position) - this.memory.acknowledged(position).size;
    this.countLost(windows);
    return { position, windows };
  }

  oldest(): [Table, bigint] {
    const first = (table: Table) =>
      this.db.get<{ position: bigint | null }>(`SELECT min(position) AS position FROM ${table}`)!.position;
    const block = first('blocks');
    return block === null ? ['windows', first('windows')!] : ['blocks', block];
  }

  /** The newest rows that are whole, the oldest of them first: a damaged one hides none. */
  newest(table: Table, most: number): Whole[] {
    const found: Whole[] = [];
    for (let below = END; found.length < most;) {
      const rows = this.db.all<Row>(
        `${table === 'windows' ? SINGLES : BLOCKS} WHERE position < ? ORDER BY position DESC LIMIT ?`,
        ...[below, most - found.length],
      );
      if (rows.length === 0) break;
      below = rows.at(-1)!.position;
      found.push(...this.whole(table, rows));
    }
    return found.reverse();
  }

  /** Those of the rows that are whole; the others are dropped. */
  whole(table: Table, rows: readonly Row[]): Whole[] {
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
    const known = this.memory.isAside(position);
    let lost = Number(windows) - this.memory.acknowledged(position).size;
    try {
      const dropped = this.transaction(() => this.drop(table, position));
      this.memory.dropped(position, (lost = dropped.windows));
    } catch (error) {
      if (!(error instanceof TransportError && error.retryable)) throw error;
      this.memory.setAside(position, lost);
    }
    if (!known) this.options.onDamaged?.(reason, lost);
  }

  /** A transaction; what was rolled back does not count. */
  transaction<T>(body: () => T): T {
    try {
      return this.db.transaction(body);
    } catch (error) {
      this.#count();
      throw error;
    }
  }

  countLost(count: number): void {
    this.db.run(
      'UPDATE boots SET windows_lost = windows_lost + ? WHERE boot_id = ?',
      count,
      this.options.bootId,
    );
  }

  /** @returns how many windows */
  delete(table: Table, position: bigint): number {
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
