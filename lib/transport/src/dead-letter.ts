import type { Message, Received } from './types.js';

/** Brokers refuse a message whose headers are huge, and a reason may quote what could not be read. */
const LONGEST_REASON = 1000;

/**
 * What cannot be used, as a message for `topics.deadLetter`: the bytes, key and headers it came with, and in the
 * headers `reason`, `topic`, `partition`, `offset` (decimal) and `failedAtMs` (Unix milliseconds).
 */
export function deadLetter(received: Received, reason: string): Message {
  return {
    key: received.key,
    value: received.value,
    headers: {
      ...received.headers,
      reason: reason.slice(0, LONGEST_REASON),
      topic: received.topic,
      partition: String(received.partition),
      offset: received.offset.toString(),
      failedAtMs: String(Date.now()),
    },
  };
}
