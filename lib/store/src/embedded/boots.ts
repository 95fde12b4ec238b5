/** The numbers that stand for (cluster, node, boot id) in the tables. */
import { INTEGER, UBIGINT, BIGINT, BLOB, VARCHAR } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { NodeBatch } from '@dentryscope/contracts';
import { appendColumns } from './append.js';

type Named = Pick<NodeBatch, 'cluster' | 'node' | 'bootId'>;

const keyOf = ({ cluster, node, bootId }: Named) => JSON.stringify([cluster, node, bootId]);

/** Holds every boot in the file, and those of the transaction under way until it is committed or dropped. */
export class Boots {
  private readonly fresh = new Map<string, { number: number; boot: Named }>();

  private constructor(private readonly known: Map<string, number>) {}

  static async load(connection: DuckDBConnection): Promise<Boots> {
    const rows = await connection.runAndReadAll('SELECT cluster, node, boot_id, boot FROM boots');
    const known = rows.getRows().map(([cluster, node, bootId, boot]): [string, number] => {
      return [JSON.stringify([cluster, node, bootId]), Number(boot)];
    });
    return new Boots(new Map(known));
  }

  number(boot: Named): number {
    const key = keyOf(boot);
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

  dropped(): void {
    this.fresh.clear();
  }

  private add(key: string, boot: Named): number {
    const number = this.known.size + this.fresh.size;
    this.fresh.set(key, { number, boot });
    return number;
  }
}
