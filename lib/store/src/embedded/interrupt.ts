import type { DuckDBConnection } from '@duckdb/node-api';

/** An interrupt that comes between two statements, or before the first, is forgotten by DuckDB: say it again. */
export function interruptOn(signal: AbortSignal, connection: DuckDBConnection): () => void {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = () => {
    connection.interrupt();
    timer = setTimeout(interrupt, 5);
  };
  if (signal.aborted) interrupt();
  else signal.addEventListener('abort', interrupt, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  };
}
