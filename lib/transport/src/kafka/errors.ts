/** kafkajs' errors, in words that name the setting at fault. */
import { messageOf } from '../backoff.js';
import { RefusedMessages, TransportError } from '../types.js';
import { hintFor } from './hints.js';

/**
 * The message itself is at fault (kafka.apache.org/protocol, "Error Codes"): the same will fail again. Not so
 * INVALID_TIMESTAMP: a message has the time at which it is sent, and a clock that is wrong is set right.
 */
const REFUSED = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);
/** So is what can't be mended while we try on. */
const HOPELESS = new Set(['INVALID_TOPIC_EXCEPTION']);

interface Caused extends Error {
  readonly type?: string;
  readonly code?: string;
  readonly cause?: unknown;
}

/** @param topic where it was read from */
export function kafkaError(error: unknown, brokers: readonly string[], topic?: string): TransportError {
  if (error instanceof TransportError) return error;
  const cause = rootOf(error as Caused);
  const { type = '' } = cause;
  const place = `Kafka at ${brokers.join(',')} (DENTRYSCOPE_KAFKA_BROKERS)`;
  const text = (what: string) => `${place} ${what}: ${messageOf(cause)}${hintFor(cause)}`;
  if (isPackedOtherwise(cause))
    return new TransportError(text(`has messages of ${topic} that are not read`), true, { cause: error });
  if (REFUSED.has(type)) return new RefusedMessages(text('refuses the message'), { cause: error });
  return new TransportError(text('does not serve us'), !HOPELESS.has(type), { cause: error });
}

/** kafkajs unpacks gzip alone (its src/protocol/message/compression); of all else no message of the answer is read. */
export function isPackedOtherwise(error: unknown): boolean {
  return rootOf(error as Caused).name === 'KafkaJSNotImplemented';
}

/** kafkajs wraps: number of retries exceeded, because of a request that timed out, because … */
export function rootOf(error: Caused): Caused {
  return error?.cause instanceof Error ? rootOf(error.cause as Caused) : error;
}
