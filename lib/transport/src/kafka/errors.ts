/** kafkajs' errors, in words that name the setting at fault. */
import { messageOf } from '../backoff.js';
import { TransportError } from '../types.js';
import { hintFor } from './hints.js';

/** The message itself is at fault (kafka.apache.org/protocol, "Error Codes"): the same will fail again. */
const HOPELESS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
]);

interface Caused extends Error {
  readonly type?: string;
  readonly code?: string;
  readonly cause?: unknown;
}

export function kafkaError(error: unknown, brokers: readonly string[]): TransportError {
  if (error instanceof TransportError) return error;
  const cause = rootOf(error as Caused);
  const hopeless = cause.type !== undefined && HOPELESS.has(cause.type);
  const place = `Kafka at ${brokers.join(',')} (DENTRYSCOPE_KAFKA_BROKERS)`;
  const text = hopeless ? `${place} refuses the message` : `${place} does not serve us`;
  const hint = hopeless ? '' : hintFor(cause);
  return new TransportError(`${text}: ${messageOf(cause)}${hint}`, !hopeless, { cause: error });
}

/** kafkajs wraps: number of retries exceeded, because of a request that timed out, because … */
export function rootOf(error: Caused): Caused {
  return error?.cause instanceof Error ? rootOf(error.cause as Caused) : error;
}
