/** Publishes that wait are sent together, in their order. */
import type { Message as KafkaMessage, TopicMessages } from 'kafkajs';
import type { Message } from '../types.js';

/** Well below the broker's message.max.bytes of 1 MiB, which holds for what a partition gets at once. */
const MOST_BYTES = 400_000;
const MOST_MESSAGES = 2000;

export interface Request {
  readonly topic: string;
  readonly messages: readonly Message[];
  readonly deadlineMs: number;
  resolve(): void;
  reject(error: Error): void;
}

/** Takes from the queue as many whole requests as may go together; at least one. */
export function takeTogether(queue: Request[]): Request[] {
  let bytes = 0;
  let count = 0;
  const end = queue.findIndex(({ messages }) => {
    bytes += messages.reduce((sum, message) => sum + sizeOf(message), 0);
    count += messages.length;
    return bytes > MOST_BYTES || count > MOST_MESSAGES;
  });
  return queue.splice(0, end === -1 ? queue.length : Math.max(end, 1));
}

/** The messages of the requests in sends that stay below the broker's limit, except for a message above it alone. */
export function* sendsOf(requests: readonly Request[]): Generator<TopicMessages[]> {
  let send = new Map<string, KafkaMessage[]>();
  let bytes = 0;
  for (const { topic, messages } of requests)
    for (const message of messages) {
      if (bytes > 0 && bytes + sizeOf(message) > MOST_BYTES) {
        yield topicMessages(send);
        send = new Map();
        bytes = 0;
      }
      bytes += sizeOf(message);
      if (!send.get(topic)?.push(kafkaMessage(message))) send.set(topic, [kafkaMessage(message)]);
    }
  yield topicMessages(send);
}

function topicMessages(send: Map<string, KafkaMessage[]>): TopicMessages[] {
  return [...send].map(([topic, messages]) => ({ topic, messages }));
}

function kafkaMessage({ key, value, headers }: Message): KafkaMessage {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { key, value: bytes, ...(headers ? { headers: { ...headers } } : {}) };
}

/** With what Kafka adds to a message, about. */
function sizeOf({ key, value }: Message): number {
  return key.length + value.length + 64;
}
