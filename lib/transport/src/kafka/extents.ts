import { noLog } from '../log.js';
import type { Extent } from '../types.js';
import { kafkaError } from './errors.js';
import { briefRetry, KafkaLink } from './link.js';
import type { KafkaOptions } from './options.js';
import { within } from './within.js';

const REQUEST_TIMEOUT_MS = 10_000;

/** @returns what each partition of the topic holds now; undefined where there is no such topic. @throws TransportError */
export async function kafkaExtents(
  options: Omit<KafkaOptions, 'partitions'>,
  topic: string,
): Promise<ReadonlyMap<number, Extent> | undefined> {
  const { brokers, security, clientId = 'dentryscope', log = noLog } = options;
  const link = new KafkaLink({ brokers, security, clientId, requestTimeoutMs: REQUEST_TIMEOUT_MS, log });
  try {
    return await within(REQUEST_TIMEOUT_MS, ask(link, topic), 'offsets');
  } catch (error) {
    throw kafkaError(error, brokers);
  } finally {
    link.cut();
  }
}

/** The list first: a broker may make a topic that is asked for by its name. */
async function ask(link: KafkaLink, topic: string): Promise<ReadonlyMap<number, Extent> | undefined> {
  const admin = link.kafka.admin({ retry: briefRetry });
  try {
    await admin.connect();
    if (!(await admin.listTopics()).includes(topic)) return undefined;
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(
      offsets.map(({ partition, low, high }) => [partition, { first: BigInt(low), next: BigInt(high) }]),
    );
  } finally {
    await admin.disconnect();
  }
}
