/** What a real broker refuses for good, with settings of its own. */
import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requirePart, startKafka } from '@dentryscope/lab';
import type { RunningKafka } from '@dentryscope/lab';
import { openKafkaConsumer, openKafkaPublisher, RefusedMessages } from '@dentryscope/transport';
import { freshTopic, numbered, textOf } from './conformance.js';
import { collect } from './helpers.js';

describe.skipIf(requirePart('kafka'))('kafka', { timeout: 120_000 }, () => {
  let kafka: RunningKafka;
  beforeAll(async () => void (kafka = await startKafka()));
  afterAll(() => kafka?.stop());

  async function topicOf(maxMessageBytes: number): Promise<string> {
    const topic = freshTopic();
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = [{ name: 'max.message.bytes', value: String(maxMessageBytes) }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 3, configEntries }], waitForLeaders: true });
    await admin.disconnect();
    return topic;
  }

  it('a message that is too large for its topic is refused, with the settings to change; others go on', async () => {
    const topic = await topicOf(2000);
    // A busy machine answers late, and lateness is not what is tested here.
    const spec = { brokers: kafka.brokers, partitions: 3, publishTimeoutMs: 30_000 };
    const publisher = openKafkaPublisher(spec);
    const consumer = openKafkaConsumer({ ...spec, topic, group: topic });
    await publisher.publish(topic, numbered(1, 'key', 0));
    const large = { key: 'key', value: randomBytes(10_000) };
    const failure = await publisher.publish(topic, [large]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RefusedMessages);
    expect(String(failure)).toMatch(/refuses the message.*max\.message\.bytes.*DENTRYSCOPE_MAX_CGROUPS/);
    expect(publisher.status()).toEqual({ ok: true });
    await publisher.publish(topic, numbered(1, 'key', 1));
    expect((await collect(consumer, 2)).map(textOf)).toEqual(['0', '1']);
    await Promise.all([publisher.close(), consumer.close()]);
  });
});
