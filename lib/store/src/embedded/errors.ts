import { StoreError } from '../types.js';

/**
 * DuckDB tells errors apart by how their message starts. Only what is wrong with the values themselves is for good: a
 * fault of the schema (Catalog, Binder) or of the store's state would refuse every window, and none may be thrown away.
 */
const OURS = /^(Conversion|Invalid Input|Out of Range) Error/;

/** Another process, or the next start, will take it. */
export const closedError = () => new StoreError('the embedded store is closed', true);

/** For whatever went wrong in a statement or an append. */
export function toStoreError(error: unknown, file: string): StoreError {
  if (error instanceof StoreError) return error;
  const { message } = error as Error;
  return new StoreError(`${file} (DENTRYSCOPE_DATA_DIR): ${message}`, !isOurs(message), { cause: error });
}

/** `bigint out of …` is how the binding refuses a value before DuckDB sees it. */
function isOurs(message: string): boolean {
  return OURS.test(message) || message.startsWith('bigint out of');
}

/** DuckDB refuses everything after such an error, until the file is opened again. */
export function isFatal(error: unknown): boolean {
  return error instanceof Error && /^FATAL Error|database has been invalidated/.test(error.message);
}

/** For a file that cannot be opened. @param wayOut what to do about a process that has it */
export function toOpenError(error: unknown, file: string, wayOut?: string): StoreError {
  if (error instanceof StoreError) return error;
  const { message } = error as Error;
  const holder = /Conflicting lock is held in (.*?\(PID \d+\))/.exec(message)?.[1];
  if (holder) return inUse(file, `the process ${holder}`, error, wayOut);
  return new StoreError(
    `${file} cannot be opened: ${message}. DENTRYSCOPE_DATA_DIR names its directory.`,
    /^IO Error: (Cannot open|Could not)/.test(message),
    { cause: error },
  );
}

const SERVING =
  'Run ingester and API in one process (dentryscope standalone), give this one another DENTRYSCOPE_DATA_DIR, ' +
  'or run on Kafka and InfluxDB (DENTRYSCOPE_TRANSPORT=kafka, DENTRYSCOPE_STORE=influx).';

export function inUse(file: string, holder: string, cause?: unknown, wayOut = SERVING): StoreError {
  return new StoreError(
    `${file} is in use by ${holder}: one process at a time may open the embedded store. ${wayOut}`,
    true,
    { cause },
  );
}
