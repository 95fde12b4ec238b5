import type { DuckDBConnection } from '@duckdb/node-api';

/** All of the task or nothing of it. */
export async function transaction<T>(connection: DuckDBConnection, task: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN');
  try {
    const result = await task();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    // A COMMIT that failed has rolled back by itself: then there is nothing to roll back, and the first error counts.
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
