/** The DuckDB file, opened anew after a fault that DuckDB itself does not get over (a full disk at a checkpoint). */
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { isFatal } from './errors.js';
import { createSchema } from './schema.js';

export class Database {
  private instance: DuckDBInstance | undefined;
  private users = 0;
  private failed = false;
  private opening: Promise<void> | undefined;
  private unused = () => {};

  constructor(
    private readonly file: string,
    private readonly settings: Record<string, string>,
  ) {}

  /**
   * Runs the task on a connection of its own, which costs about a millisecond: nothing that one task leaves behind
   * (a transaction, an interrupt, a table of its own) reaches another.
   */
  async use<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    while (this.failed || !this.instance) await this.open();
    this.users++;
    try {
      return await this.run(this.instance, task);
    } catch (error) {
      if (isFatal(error)) this.failed = true;
      throw error;
    } finally {
      if (--this.users === 0) this.unused();
    }
  }

  /** Opens the file, or opens it again. @throws Error of DuckDB; the next call tries once more */
  open(): Promise<void> {
    this.opening ??= this.reopen().finally(() => (this.opening = undefined));
    return this.opening;
  }

  /** To be called when nobody uses it any more. */
  close(): void {
    this.instance?.closeSync();
    this.instance = undefined;
  }

  private async run<T>(
    instance: DuckDBInstance,
    task: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    const connection = await instance.connect();
    try {
      return await task(connection);
    } finally {
      connection.closeSync();
    }
  }

  /** Only when all have let go of the old instance: two on the same file would harm it. */
  private async reopen(): Promise<void> {
    if (this.users > 0) await new Promise<void>((resolve) => (this.unused = resolve));
    this.close();
    const instance = await DuckDBInstance.create(this.file, this.settings);
    try {
      await this.run(instance, createSchema);
    } catch (error) {
      instance.closeSync();
      throw error;
    }
    this.instance = instance;
    this.failed = false;
  }
}
