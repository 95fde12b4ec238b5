/** The numbers that stand for (cluster, node, boot id) in the tables. */
import { INTEGER, UBIGINT, BIGINT, BLOB, VARCHAR } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { placeKey } from '../infos.js';
import type { Place } from '../infos.js';
import { appendColumns } from './append.js';

/** Holds every boot in the file, and those of the transaction under way until it is committed. */
export class Boots {
  private readonly fresh = new Map<string, { number: number; boot: Place }>();

  /** Boots leave the file with their last window: how many there are says nothing about the highest number. */
  private next: number;

  private constructor(private readonly known: Map<string, number>) {
    this.next = [...known.values()].reduce((most, number) => Math.max(most, number), -1) + 1;
  }

  static async load(connection: DuckDBConnection): Promise<Boots> {
    const rows = await connection.runAndReadAll('SELECT cluster, node, boot_id, boot FROM boots');
    const known = rows.getRows().map(([cluster, node, bootId, boot]): [string, number] => {
      return [placeKey({ cluster, node, bootId } as Place), Number(boot)];
    });
    return new Boots(new Map(known));
  }

  number(boot: Place): number {
    const key = placeKey(boot);
    return this.known.get(key) ?? this.fresh.get(key)?.number ?? this.add(key, boot);
  }

  /** Appends the boots that this transaction saw first; they have no window yet. */
  async save(connection: DuckDBConnection): Promise<void> {
    const fresh = [...this.fresh.values()];
    if (fresh.length === 0) return;
    const empty = fresh.map(() => null);
    await appendColumns(connection, 'boots', [
      { type: INTEGER, values: fresh.map(({ number }) => number) },
      { type: VARCHAR, values: fresh.map(({ boot }) => boot.cluster) },
      { type: VARCHAR, values: fresh.map(({ boot }) => boot.node) },
      { type: VARCHAR, values: fresh.map(({ boot }) => boot.bootId) },
      { type: BIGINT, values: empty },
      { type: UBIGINT, values: empty },
      { type: BIGINT, values: empty },
      { type: BLOB, values: empty },
    ]);
  }

  committed(): void {
    for (const [key, { number }] of this.fresh) this.known.set(key, number);
    this.fresh.clear();
  }

  private add(key: string, boot: Place): number {
    const number = this.next++;
    this.fresh.set(key, { number, boot });
    return number;
  }
}
