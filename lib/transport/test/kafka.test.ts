import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKafkaConsumer, openKafkaPublisher } from '@dentryscope/transport';
import type { KafkaConsumerOptions } from '@dentryscope/transport';
import { requirePart, startKafka } from '@dentryscope/lab';
import { conformance, freshTopic, numbered, textOf } from './conformance.js';
import type { Bench } from './conformance.js';
import { until } from './helpers.js';

async function open(): Promise<Bench> {
  const kafka = await startKafka();
  // 6 s is the shortest session that brokers allow: what a killed consumer had comes back after it.
  // A busy machine answers late, and lateness is not what is tested here.
  const spec = { brokers: kafka.brokers, partitions: 3, sessionTimeoutMs: 6000, publishTimeoutMs: 30_000 };
  const ends: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(end: T): T => {
    ends.push(end);
    return end;
  };
  return {
    publisher: () => keep(openKafkaPublisher(spec)),
    consumer: (options) => keep(openKafkaConsumer({ ...spec, ...options })),
    spec,
    async close() {
      await Promise.all(ends.map((end) => end.close()));
      await kafka.stop();
    },
  };
}

conformance('kafka', open, requirePart('kafka'));

describe.skipIf(requirePart('kafka'))('kafka, several partitions at once', { timeout: 120_000 }, () => {
  let bench: Bench;
  beforeAll(async () => void (bench = await open()));
  afterAll(() => bench?.close());

  /** Messages of thirty keys on a topic of their own, and a consumer that takes three partitions at once. */
  async function several(perKey: number, more: Partial<KafkaConsumerOptions>) {
    const topic = freshTopic();
    const keys = Array.from({ length: 30 }, (_, index) => `node-${index}`);
    const messages = keys.flatMap((key) => numbered(perKey, key));
    await bench.publisher().publish(topic, messages);
    const spec = bench.spec as unknown as KafkaConsumerOptions;
    const consumer = openKafkaConsumer({ ...spec, topic, group: 'several', partitionsAtOnce: 3, ...more });
    return { keys, consumer };
  }

  it('one whose handler waits holds the others not back, and never has two calls at once', async () => {
    const { keys, consumer } = await several(20, { batchMessages: 10 });
    const inHand = new Set<number>();
    const seen = new Map<string, string[]>();
    let waiting: number | undefined;
    let others = 0;
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const running = consumer.run(async (messages) => {
      const { partition } = messages[0]!;
      expect(inHand.has(partition)).toBe(false);
      inHand.add(partition);
      waiting ??= partition;
      if (partition === waiting) await released;
      else others += messages.length;
      for (const message of messages)
        seen.set(message.key, [...(seen.get(message.key) ?? []), textOf(message)]);
      inHand.delete(partition);
    });
    // 10 of 30 keys or so are in the one that waits: those of both others come meanwhile.
    await until(() => others >= 200);
    release();
    await until(() => [...seen.values()].flat().length >= 600);
    expect([...seen.keys()].sort()).toEqual([...keys].sort());
    for (const texts of seen.values()) expect(texts).toEqual(numbered(20).map(textOf));
    await consumer.close();
    await running;
  });

  it('says what one partition waits for, until it has been handled', async () => {
    const { consumer } = await several(1, { retryFirstMs: 50, retryMostMs: 100 });
    let broken: number | undefined;
    let mended = false;
    const handled = new Set<number>();
    void consumer.run(async (messages) => {
      const { partition } = messages[0]!;
      broken ??= partition;
      if (partition === broken && !mended) throw new Error('it is full');
      handled.add(partition);
    });
    await until(() => handled.size === 2);
    await until(() => !consumer.status().ok);
    expect(consumer.status()).toEqual({ ok: false, detail: 'it is full' });
    mended = true;
    await until(() => handled.size === 3 && consumer.status().ok);
    await consumer.close();
  });
});
