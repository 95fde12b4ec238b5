import { openKafkaConsumer, openKafkaPublisher } from '@dentryscope/transport';
import { requirePart, startKafka } from '@dentryscope/lab';
import { conformance } from './conformance.js';
import type { Bench } from './conformance.js';

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
