import { existsSync } from 'node:fs';
import {
  KAFKA_VERSIONS,
  requirePart,
  startKafka,
  type KafkaVersion,
  type RunningKafka,
} from '@dentryscope/lab';
import { Kafka, logLevel, type Consumer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const TOPIC = 'lab.words';

const clientOf = (kafka: RunningKafka): Kafka =>
  new Kafka({ brokers: kafka.brokers, clientId: 'lab-test', logLevel: logLevel.NOTHING });

async function produce(kafka: RunningKafka, value: string): Promise<void> {
  const producer = clientOf(kafka).producer();
  await producer.connect();
  await producer.send({ topic: TOPIC, acks: -1, messages: [{ key: 'node-1', value }] });
  await producer.disconnect();
}

/** Reads the topic from its beginning until `count` messages have come. */
async function consume(consumer: Consumer, count: number): Promise<string[]> {
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      if (values.push(String(message.value)) === count) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return values;
}

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe.each(KAFKA_VERSIONS)('kafka %s', (version: KafkaVersion) => {
  describe.skipIf(requirePart(`kafka@${version}`))('the real broker', () => {
    let kafka: RunningKafka;
    beforeAll(async () => void (kafka = await startKafka({ version })));
    afterAll(() => kafka?.stop());

    it('gives back a message', async () => {
      await produce(kafka, 'before');
      expect(await consume(clientOf(kafka).consumer({ groupId: 'first' }), 1)).toEqual(['before']);
    });

    it('survives kill -9 with its address and its messages', async () => {
      const { brokers, pid } = kafka;
      await kafka.kill('SIGKILL');
      expect(isThere(pid)).toBe(false);
      await kafka.restart();
      expect(kafka.brokers).toEqual(brokers);
      expect(kafka.pid).not.toBe(pid);
      await produce(kafka, 'after');
      const all = await consume(clientOf(kafka).consumer({ groupId: 'second' }), 2);
      expect(all).toEqual(['before', 'after']);
    }, 180_000);

    it('leaves no process and no folder when stopped', async () => {
      const { pid, dir } = kafka;
      await kafka.stop();
      await kafka.stop();
      expect([isThere(pid), existsSync(dir)]).toEqual([false, false]);
    });
  });
});
