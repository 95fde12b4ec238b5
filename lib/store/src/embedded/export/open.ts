/** The store's file, opened to be read only, by a connection that may write into one directory and nowhere else. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { StoreError } from '../../types.js';
import { toOpenError } from '../errors.js';
import { STORE_FILE, holdHere, settings } from '../open.js';

export interface Opening {
  /** The store's, which holds its file. */
  readonly directory: string;
  readonly memoryBytes?: number;
  readonly threads?: number;
}

const WAY_OUT =
  'Stop it for the time of the export (what agents measure meanwhile waits in their spools and in the transport), ' +
  'or on a fleet with InfluxDB export there.';

/** @param writable what is spilled and what is exported goes there. @throws StoreError that names who has the file */
export async function withReadOnly<T>(
  options: Opening,
  writable: string,
  task: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const file = storeFile(options.directory);
  const release = holdHere(file, WAY_OUT);
  try {
    const instance = await openReadOnly(file, options, writable);
    try {
      return await withConnection(instance, writable, task);
    } finally {
      instance.closeSync();
    }
  } finally {
    release();
  }
}

/** @throws StoreError where there is none: an export makes no store */
export function storeFile(directory: string): string {
  const file = join(directory, STORE_FILE);
  if (!existsSync(file))
    throw new StoreError(
      `there is no store in ${directory} (${STORE_FILE}); DENTRYSCOPE_DATA_DIR names the directory above`,
      false,
    );
  return join(realpathSync(directory), STORE_FILE);
}

async function openReadOnly(file: string, options: Opening, writable: string): Promise<DuckDBInstance> {
  const { enable_external_access: _, ...common } = settings(options);
  const config = { ...common, access_mode: 'READ_ONLY', temp_directory: join(writable, 'spilled') };
  return await DuckDBInstance.create(file, config).catch((error: unknown) => {
    throw toOpenError(error, file, WAY_OUT);
  });
}

async function withConnection<T>(
  instance: DuckDBInstance,
  writable: string,
  task: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const connection = await instance.connect();
  try {
    await connection.run(`SET allowed_directories = [${quoted(writable)}]`);
    await connection.run('SET enable_external_access = false');
    return await task(connection);
  } finally {
    connection.closeSync();
  }
}

/** As a text in SQL. */
export const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
