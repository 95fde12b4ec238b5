import { briefRetry } from './link.js';
import type { KafkaLink } from './link.js';

const CREATE_TIMEOUT_MS = 3000;

/** Makes those topics that are missing. Two that make the same one at once are both content. */
export async function ensureTopics(
  link: KafkaLink,
  names: readonly string[],
  partitions: number,
): Promise<void> {
  const admin = link.kafka.admin({ retry: briefRetry });
  try {
    await admin.connect();
    const there = new Set(await admin.listTopics());
    const topics = names
      .filter((topic) => !there.has(topic))
      .map((topic) => ({ topic, numPartitions: partitions }));
    if (topics.length > 0)
      await admin.createTopics({ topics, timeout: CREATE_TIMEOUT_MS, waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}
