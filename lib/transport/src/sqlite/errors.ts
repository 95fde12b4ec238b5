/** SQLite's result codes (sqlite.org/rescode.html), as errors that name the setting and the way out. */
import { TransportError } from '../types.js';

const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

interface SqliteFailure extends Error {
  readonly code?: string;
  readonly rawCode?: number;
}

/** @returns the same error where it is a TransportError already; otherwise one that says what to do. */
export function sqliteError(error: unknown, file: string): TransportError {
  if (error instanceof TransportError) return error;
  const failure = error as SqliteFailure;
  // The low byte is the primary code; the rest tells causes apart that share one way out.
  const { text, retryable } = wayOut(primaryCode(failure), file);
  return new TransportError(`${text} (${failure.code ?? 'libsql'}: ${failure.message})`, retryable, {
    cause: error,
  });
}

export function isBusy(error: unknown): boolean {
  const code = primaryCode(error as SqliteFailure);
  return code === BUSY || code === LOCKED;
}

/** libsql reports a failed open without a code: the number ends its message. */
function primaryCode(failure: SqliteFailure): number | undefined {
  const code = failure.rawCode ?? Number(/: (\d+)"?\)?$/.exec(failure.message)?.[1] ?? NaN);
  return Number.isNaN(code) ? undefined : code & 0xff;
}

function wayOut(code: number | undefined, file: string): { text: string; retryable: boolean } {
  switch (code) {
    case FULL:
      return {
        text: `No room on the disk for ${file}: free some, or move DENTRYSCOPE_DATA_DIR`,
        retryable: true,
      };
    case BUSY:
    case LOCKED:
      return { text: `${file} is held by another process that uses DENTRYSCOPE_DATA_DIR`, retryable: true };
    case IOERR:
      return { text: `The disk under DENTRYSCOPE_DATA_DIR fails or is full: ${file}`, retryable: true };
    case READONLY:
    case CANTOPEN:
      return { text: `${file} cannot be opened for writing: check DENTRYSCOPE_DATA_DIR`, retryable: true };
    case CORRUPT:
    case NOTADB:
      return {
        text: `${file} is damaged: move it aside, or set another DENTRYSCOPE_DATA_DIR`,
        retryable: false,
      };
    default:
      return { text: `${file} (DENTRYSCOPE_DATA_DIR) cannot be used`, retryable: false };
  }
}
