import type { DuckDBConnection } from '@duckdb/node-api';
import type { WindowBatch } from '@dentryscope/contracts';
import { Queue } from '../queue.js';
import type { ContainerName, Writer } from '../types.js';
import { Boots } from './boots.js';
import type { Database } from './database.js';
import { closedError, toStoreError } from './errors.js';
import { appendFigures } from './figures.js';
import { keepCgroups, keepNames } from './identities.js';
import { transaction } from './transaction.js';
import { appendWindows, freshWindows, rememberNewest } from './windows.js';

/** The only writer of the file: what it read before an append still holds when the append is committed. */
export class EmbeddedWriter implements Writer {
  private readonly queue = new Queue();
  /** Read again after a failure: a COMMIT that fails at its checkpoint may be in the file all the same. */
  private boots: Boots | undefined;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly file: string,
    private readonly onClose: () => void,
  ) {}

  write(batches: readonly WindowBatch[]): Promise<void> {
    return this.durably((connection) => this.writeWindows(connection, batches));
  }

  writeNames(names: readonly ContainerName[]): Promise<void> {
    return this.durably((connection) => keepNames(connection, names));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.queue.idle();
    this.onClose();
  }

  private async writeWindows(connection: DuckDBConnection, batches: readonly WindowBatch[]): Promise<void> {
    if (batches.length === 0) return;
    const boots = (this.boots ??= await Boots.load(connection));
    const windows = await freshWindows(connection, boots, batches);
    if (windows.length === 0) return;
    await boots.save(connection);
    await appendWindows(connection, windows);
    await appendFigures(connection, windows);
    await rememberNewest(connection, windows);
    const infos = windows.map(({ batch }) => batch);
    await keepCgroups(connection, boots, infos);
  }

  private async durably(task: (connection: DuckDBConnection) => Promise<void>): Promise<void> {
    if (this.closed) throw closedError();
    return this.queue.run(async () => {
      try {
        await this.database.use((connection) => transaction(connection, () => task(connection)));
        this.boots?.committed();
      } catch (error) {
        this.boots = undefined;
        throw toStoreError(error, this.file);
      }
    });
  }
}
