import type { DuckDBConnection } from '@duckdb/node-api';
import type { NodeBatch } from '@dentryscope/contracts';
import { Queue } from '../queue.js';
import type { ContainerName, Writer } from '../types.js';
import { Boots } from './boots.js';
import { closedError, toStoreError } from './errors.js';
import { keepCgroups, keepNames } from './identities.js';
import { transaction } from './transaction.js';
import { appendFigures, appendWindows, freshWindows, rememberNewest } from './windows.js';

/** The only writer of the file: what it read before an append still holds when the append is committed. */
export class EmbeddedWriter implements Writer {
  private readonly queue = new Queue();
  private closed = false;

  private constructor(
    private readonly connection: DuckDBConnection,
    private readonly file: string,
    private readonly boots: Boots,
    private readonly onClose: () => void,
  ) {}

  static async open(
    connection: DuckDBConnection,
    file: string,
    onClose: () => void,
  ): Promise<EmbeddedWriter> {
    return new EmbeddedWriter(connection, file, await Boots.load(connection), onClose);
  }

  write(batches: readonly NodeBatch[]): Promise<void> {
    return this.durably(() => this.writeWindows(batches));
  }

  writeNames(names: readonly ContainerName[]): Promise<void> {
    return this.durably(() => keepNames(this.connection, names));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.queue.idle();
    this.connection.closeSync();
    this.onClose();
  }

  private async writeWindows(batches: readonly NodeBatch[]): Promise<void> {
    if (batches.length === 0) return;
    const windows = await freshWindows(this.connection, this.boots, batches);
    if (windows.length === 0) return;
    await this.boots.save(this.connection);
    await appendWindows(this.connection, windows);
    await appendFigures(this.connection, windows);
    await rememberNewest(this.connection, windows);
    await keepCgroups(
      this.connection,
      this.boots,
      windows.map(({ batch }) => batch),
    );
  }

  private async durably(task: () => Promise<void>): Promise<void> {
    if (this.closed) throw closedError();
    return this.queue.run(async () => {
      try {
        await transaction(this.connection, task);
        this.boots.committed();
      } catch (error) {
        this.boots.dropped();
        throw toStoreError(error, this.file);
      }
    });
  }
}
