import type { DuckDBConnection } from '@duckdb/node-api';
import type { WindowBatch } from '@dentryscope/contracts';
import { hourOf } from '../hour.js';
import { Queue } from '../queue.js';
import type { ContainerName, Writer } from '../types.js';
import { Boots } from './boots.js';
import type { Database } from './database.js';
import { closedError, toStoreError } from './errors.js';
import { appendFigures } from './figures.js';
import { ageSlice, forgetUnused } from './forget.js';
import { keepCgroups, keepNames } from './identities.js';
import { transaction } from './transaction.js';
import { appendWindows, freshWindows, rememberNewest } from './windows.js';

/** The only writer of the file: what it read before an append still holds when the append is committed. */
export class EmbeddedWriter implements Writer {
  private readonly queue = new Queue();
  /** Read again after a failure: a COMMIT that fails at its checkpoint may be in the file all the same. */
  private boots: Boots | undefined;
  private closed = false;
  /** Windows were dropped since it was last looked for what nothing refers to any more. */
  private unused = false;

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

  /**
   * Rolls up the figures of windows that start before the hour of `beforeMs`, and drops windows that start before the hour
   * of `dropMs` (Unix milliseconds; left out: all of the former are dropped), an hour of them at most, so that what
   * waits to be written gets its turn; after the last of them what only they referred to. Whole hours, since to find
   * that takes a look at all figures. The file's space is used again.
   * @returns whether there may be more
   * @throws StoreError
   */
  async forget(beforeMs: number, dropMs = beforeMs): Promise<boolean> {
    const cuts = { rawMs: BigInt(hourOf(beforeMs)), dropMs: BigInt(hourOf(Math.min(beforeMs, dropMs))) };
    const found = await this.durably(async (connection) => {
      if (await ageSlice(connection, cuts)) return true;
      if (!this.unused) return false;
      await forgetUnused(connection, cuts.rawMs);
      this.boots = undefined;
      return false;
    });
    if (!found && this.unused) await this.durably((connection) => connection.run('CHECKPOINT'), alone);
    this.unused = found;
    return found;
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

  private async durably<T>(
    task: (connection: DuckDBConnection) => Promise<T>,
    run = inTransaction<T>,
  ): Promise<T> {
    if (this.closed) throw closedError();
    return this.queue.run(async () => {
      try {
        const result = await this.database.use((connection) => run(connection, task));
        this.boots?.committed();
        return result;
      } catch (error) {
        this.boots = undefined;
        throw toStoreError(error, this.file);
      }
    });
  }
}

type Run<T> = (
  connection: DuckDBConnection,
  task: (connection: DuckDBConnection) => Promise<T>,
) => Promise<T>;

function inTransaction<T>(...[connection, task]: Parameters<Run<T>>): Promise<T> {
  return transaction(connection, () => task(connection));
}

/** For what DuckDB does not do within a transaction. */
const alone: Run<unknown> = (connection, task) => task(connection);
