/** Messages that a broker or another producer has packed otherwise than by gzip, against a real broker. */
import { Kafka, logLevel } from 'kafkajs';
import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requirePart, startKafka } from '@dentryscope/lab';
import type { RunningKafka } from '@dentryscope/lab';
import { openKafkaConsumer, openKafkaPublisher } from '@dentryscope/transport';
import type { Received, Status } from '@dentryscope/transport';
import { freshTopic, numbered, textOf } from './conformance.js';
import { collect, until } from './helpers.js';

const TOPIC = 2;

describe.skipIf(requirePart('kafka'))('kafka', { timeout: 120_000 }, () => {
  let kafka: RunningKafka;
  let admin: Admin;
  beforeAll(async () => {
    kafka = await startKafka({ properties: { 'compression.type': 'zstd' } });
    admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.disconnect();
    await kafka?.stop();
  });
  // A busy machine answers late, and lateness is not what is tested here.
  const spec = () => ({ brokers: kafka.brokers, partitions: 1, publishTimeoutMs: 30_000 });

  const packedBy = (codec: string) => [{ name: 'compression.type', value: codec }];
  const setPacking = (topic: string, codec: string) =>
    admin.alterConfigs({
      resources: [{ type: TOPIC, name: topic, configEntries: packedBy(codec) }],
      validateOnly: false,
    });

  it('a broker that packs anew leaves our topics as they were sent', async () => {
    const topic = freshTopic();
    const publisher = openKafkaPublisher(spec());
    const consumer = openKafkaConsumer({ ...spec(), topic, group: topic });
    await publisher.publish(topic, numbered(3));
    expect((await collect(consumer, 3)).map(textOf)).toEqual(['0', '1', '2']);
    await Promise.all([publisher.close(), consumer.close()]);
  });

  it.each(['snappy', 'lz4', 'zstd'])(
    'what is packed by %s is told with its topic and the way out for as long as it is there, and none is skipped',
    async (codec) => {
      const topic = freshTopic();
      await admin.createTopics({
        topics: [{ topic, numPartitions: 1, configEntries: packedBy('producer') }],
      });
      const publisher = openKafkaPublisher(spec());
      const publish = (from: number) => publisher.publish(topic, numbered(1, 'key', from));
      const received: Received[] = [];
      const said: string[] = [];
      const log = (_: string, message: string) => void said.push(message);
      const consumer = openKafkaConsumer({ ...spec(), topic, group: topic, log });
      const running = consumer.run(async (messages) => void received.push(...messages));
      await publish(0);
      await until(() => received.length === 1);
      await setPacking(topic, codec);
      // The broker follows what its controller has accepted a moment later: until then messages are not packed anew.
      let packed = 0;
      const isStuck = () => !consumer.status().ok;
      while (!isStuck()) {
        await publish((packed += 1));
        await until(() => received.length > packed || isStuck());
      }
      await setPacking(topic, 'producer');

      const seen: Status[] = [];
      const restarts = () => said.filter((message) => message === 'kafka: consumer starts again').length;
      const before = restarts();
      await until(() => seen.push(consumer.status()) && restarts() >= before + 3);
      expect(seen.filter(({ ok }) => ok)).toEqual([]);
      expect(consumer.status().detail).toMatch(
        new RegExp(
          `messages of ${topic} that are not read: ${codec} compression.*compression.type=producer`,
          'i',
        ),
      );
      expect(await admin.fetchOffsets({ groupId: topic, topics: [topic] })).toMatchObject([
        { partitions: [{ partition: 0, offset: String(packed) }] },
      ]);

      // Packed as it was sent, since all these restarts were longer than the moment.
      await publish(packed + 1);
      // As its retention would take it.
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(packed + 1) }] });
      await until(() => consumer.status().ok && received.length === packed + 1);
      const readable = Array.from({ length: packed }, (_, i) => String(i));
      expect(received.map(textOf)).toEqual([...readable, String(packed + 1)]);
      await Promise.all([publisher.close(), consumer.close()]);
      await running;
    },
  );
});
