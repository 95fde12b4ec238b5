import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig } from 'kafkajs';
import { Backoff } from '../backoff.js';
import { rootOf } from './errors.js';
import { briefRetry } from './link.js';
import type { KafkaLink } from './link.js';

const CREATE_TIMEOUT_MS = 3000;
const LOOK_FIRST_MS = 20;
const LOOK_MOST_MS = 500;
/** Then it is the caller's to try again. */
const LOOKS = 10;
/** Of a topic that the broker has just made and, being busy, does not know of yet. */
const NOT_YET = new Set<unknown>(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** As it was sent, which is gzip: a broker that packs anew, as its own setting says, may do what kafkajs can't unpack. */
const configEntries = [{ name: 'compression.type', value: 'producer' }];
/** Of a cluster where that is not for us to set. */
const NOT_OURS_TO_SET = new Set<unknown>(['INVALID_CONFIG', 'POLICY_VIOLATION']);

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
    if (topics.length > 0) await make(admin, topics);
  } finally {
    await admin.disconnect();
  }
}

/** kafkajs's own wait for the leaders gives up where the broker does not know yet of what it has just made. */
async function make(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  const backoff = new Backoff(LOOK_FIRST_MS, LOOK_MOST_MS);
  await create(
    admin,
    topics.map((topic) => ({ ...topic, configEntries })),
  ).catch((error: unknown) => {
    if (!configRefused(error)) throw error;
    return create(admin, topics);
  });
  for (let looks = 1; ; looks++)
    try {
      await admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) });
      return;
    } catch (error) {
      if (looks >= LOOKS || !NOT_YET.has(rootOf(error as Error).type)) throw error;
      await sleep(backoff.next());
    }
}

/** Content where they are there already. */
async function create(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, timeout: CREATE_TIMEOUT_MS, waitForLeaders: false });
}

/** kafkajs tells of every topic that was not made. */
function configRefused(error: unknown): boolean {
  const { errors = [] } = error as { errors?: readonly { type?: unknown }[] };
  return errors.some(({ type }) => NOT_OURS_TO_SET.has(type));
}
