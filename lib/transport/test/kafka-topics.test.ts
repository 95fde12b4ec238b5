/** A cluster that does not let us set a topic's packing: no broker of the lab does that, an admin stands in for it. */
import { expect, it } from 'vitest';
import { ensureTopics } from '../dist/kafka/topics.js';

/** As kafkajs puts it, of each topic that was not made. */
const refusal = (type: string) => Object.assign(new Error('Topic creation errors'), { errors: [{ type }] });

function cluster(refusing: (topic: { configEntries?: unknown }) => Error | undefined) {
  const asked: unknown[] = [];
  const admin = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    listTopics: async () => ['there'],
    fetchTopicMetadata: async () => ({ topics: [] }),
    createTopics: async ({ topics }: { topics: { topic: string; configEntries?: unknown }[] }) => {
      asked.push(topics);
      for (const topic of topics) {
        const error = refusing(topic);
        if (error) throw error;
      }
      return true;
    },
  };
  const link = { kafka: { admin: () => admin } } as unknown as Parameters<typeof ensureTopics>[0];
  return { asked, made: () => ensureTopics(link, ['there', 'new'], 3) };
}

const plain = { topic: 'new', numPartitions: 3 };
const packed = { ...plain, configEntries: [{ name: 'compression.type', value: 'producer' }] };

it.each(['POLICY_VIOLATION', 'INVALID_CONFIG'])('%s of its packing: it is made without', async (type) => {
  const { asked, made } = cluster(({ configEntries }) => (configEntries ? refusal(type) : undefined));
  await made();
  expect(asked).toEqual([[packed], [plain]]);
});

it('what is refused for another reason is told', async () => {
  const { asked, made } = cluster(() => refusal('TOPIC_AUTHORIZATION_FAILED'));
  await expect(made()).rejects.toThrow('Topic creation errors');
  expect(asked).toEqual([[packed]]);
});
