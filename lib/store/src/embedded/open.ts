/** The embedded store: one DuckDB file in the data directory, one process at a time. */
import { mkdirSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Reader, Writer } from '../types.js';
import { Database } from './database.js';
import { inUse, toOpenError } from './errors.js';
import { EmbeddedReader } from './reader.js';
import { startRetention } from './retention.js';
import type { Retention } from './retention.js';
import { EmbeddedWriter } from './writer.js';

export interface EmbeddedOptions {
  /** Made if it is not there. The file in it is store.duckdb. */
  readonly directory: string;
  /** Bound of DuckDB's memory in bytes; past it, it spills into the directory. Default 512 MiB. */
  readonly memoryBytes?: number;
  /**
   * Threads that queries may use. Default 2: the node's work comes first. Where the process has one CPU only, 1: a
   * thread of DuckDB that waits for another one spins.
   */
  readonly threads?: number;
  /** Default: everything is kept. For the process that writes. */
  readonly retention?: Retention;
}

export interface EmbeddedStore {
  readonly writer: Writer;
  readonly reader: Reader;
  /** Closes both; the file is free when it resolves. It is so too when each was closed by itself. */
  close(): Promise<void>;
}

export const STORE_FILE = 'store.duckdb';

/** DuckDB's lock is the process's: it does not keep the same process from opening the file twice, and harming it. */
const openHere = new Set<string>();

/** @returns the way to let go of the file. @throws StoreError where this process has it open already */
export function holdHere(file: string, wayOut?: string): () => void {
  if (openHere.has(file)) throw inUse(file, 'this same process', undefined, wayOut);
  openHere.add(file);
  return () => void openHere.delete(file);
}

/** @throws StoreError that names the process that holds the file, and what to do about it */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<EmbeddedStore> {
  const file = fileIn(options.directory);
  const letGo = holdHere(file);
  try {
    return await open(file, options, letGo);
  } catch (error) {
    letGo();
    throw toOpenError(error, file);
  }
}

function fileIn(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true });
    return join(realpathSync(directory), STORE_FILE);
  } catch (error) {
    throw toOpenError(error, directory);
  }
}

async function open(file: string, options: EmbeddedOptions, letGo: () => void): Promise<EmbeddedStore> {
  const database = new Database(file, settings(options));
  await database.open();
  let users = 2;
  const release = () => {
    if (--users > 0) return;
    database.close();
    letGo();
  };
  const retaining = { stop: async () => {} };
  const writer = new EmbeddedWriter(database, file, () => {
    // Only its timer is left: the writer has nothing under way.
    void retaining.stop();
    release();
  });
  const reader = new EmbeddedReader(database, file, release);
  if (options.retention) retaining.stop = startRetention(writer, options.retention);
  const close = async () => {
    await retaining.stop();
    await Promise.all([writer.close(), reader.close()]);
  };
  return { writer, reader, close };
}

export function settings({
  memoryBytes = 512 * 1024 * 1024,
  threads = Math.min(2, availableParallelism()),
}: Pick<EmbeddedOptions, 'memoryBytes' | 'threads'>): Record<string, string> {
  return {
    memory_limit: `${memoryBytes}B`,
    threads: String(threads),
    // Order within a table means nothing here, and keeping it costs memory.
    preserve_insertion_order: 'false',
    // Nothing is fetched, and no file beside this one is read, whatever a statement says.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    enable_external_access: 'false',
  };
}
