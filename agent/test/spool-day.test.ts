/**
 * A broker that is away for a day: a twentieth of it, in a twentieth of the bound. All of it takes some minutes:
 *
 *   SPOOL_WINDOWS=8640 npx vitest run agent/test/spool-day.test.ts
 */
import { createHash } from 'node:crypto';
import { cpSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeBatch, encodeBatch, settings, topics } from '@dentryscope/contracts';
import { requirePart, startKafka } from '@dentryscope/lab';
import { createLogger } from '@dentryscope/runtime';
import { openEmbeddedLog, openKafkaConsumer, openKafkaPublisher } from '@dentryscope/transport';
import type { Consumer, Publisher, Received } from '@dentryscope/transport';
import { Sender } from '../src/sender.js';
import { openSpool } from '../src/spool.js';
import { busyNode } from './busy-node.js';
import { fresh } from './spool-helpers.js';

const DAY = 8640;
const windows = Number(process.env['SPOOL_WINDOWS'] ?? DAY / 20);
const maxBytes = (Number(settings.spoolMaxBytes.fallback) * windows) / DAY;
const limitMs = windows < DAY ? 240_000 : 1_800_000;

const hash = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('base64');
const node = busyNode(Date.UTC(2026, 10, 23));
const directory = fresh();
const made: string[] = [];
let largest = 0;
let rawBytes = 0;

describe('a day without a broker', { timeout: limitMs }, () => {
  beforeAll(async () => {
    const spool = openSpool({ directory, maxBytes, bootId: node.bootId });
    for (let n = 0; n < windows; n++) {
      const bytes = encodeBatch(node.window(n));
      made.push(hash(bytes));
      rawBytes += bytes.length;
      spool.append(() => ({ bytes, endMs: n }));
      while (await spool.pack());
      largest = Math.max(largest, onDisk());
    }
    expect([spool.size, spool.windowsLost]).toEqual([windows, 0n]);
    spool.close();
  }, limitMs);

  const onDisk = () =>
    ['spool.db', 'spool.db-wal'].reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);

  /** The write-ahead log is 1 MiB whatever the number of windows: a part of a day has the same. */
  const bound = maxBytes + (windows < DAY ? 1.1 * 2 ** 20 : 0);

  it('loses no window, and at no moment the file and its log were larger than the bound', () => {
    const each = (rawBytes / windows).toFixed(0);
    process.stderr.write(
      `${windows} windows, ${each} bytes each on the wire: at most ${largest} bytes of spool\n`,
    );
    expect(largest).toBeLessThanOrEqual(bound);
  });

  it('arrives in the embedded log, each window once and equal, the newest first', async () => {
    const log = openEmbeddedLog({ directory: fresh(), maxBytes: 1 << 30 });
    await arrives(log.publisher(), log.consumer({ topic: topics.deltas, group: 'test' }));
    await log.close();
  });

  it.skipIf(requirePart('kafka'))(
    'arrives in a real Kafka, each window once and equal, the newest first',
    async () => {
      const kafka = await startKafka();
      afterAll(() => kafka.stop());
      const { brokers } = kafka;
      const publisher = openKafkaPublisher({ brokers, partitions: 1, publishTimeoutMs: 30_000 });
      const consumer = openKafkaConsumer({ brokers, topic: topics.deltas, group: 'test', partitions: 1 });
      await arrives(publisher, consumer);
      await publisher.close();
    },
  );
});

async function arrives(publisher: Publisher, consumer: Consumer): Promise<void> {
  const copy = fresh();
  cpSync(directory, copy, { recursive: true });
  const spool = openSpool({ directory: copy, maxBytes, bootId: node.bootId });
  const logger = createLogger('spool-day', 'fatal');
  const onFatal = (error: Error) => {
    throw error;
  };
  const sender = new Sender(spool, publisher, { key: 'spool/node', drainPerSecond: 1e9, logger, onFatal });
  const arrived = new Map<number, string>();
  const order: number[] = [];
  const all = new Promise<void>((resolve) => {
    void consumer.run(async (messages: readonly Received[]) => {
      for (const { value } of messages) {
        const n = Number(decodeBatch(value).seq) - 1;
        order.push(n);
        arrived.set(n, hash(value));
      }
      if (arrived.size === windows) resolve();
    });
  });
  sender.start();
  await all;
  await consumer.close();
  await sender.close(1000);
  expect([spool.size, spool.windowsLost, order.length]).toEqual([0, 0n, windows]);
  spool.close();
  expect([...arrived.keys()].sort((a, b) => a - b).map((n) => arrived.get(n))).toEqual(made);
  // A send is what lies outside of blocks, 32 at most, or a block.
  expect(order.indexOf(windows - 1)).toBeLessThan(32);
  expect(Math.min(...order.slice(0, 16))).toBeGreaterThanOrEqual(windows - 32);
  expect(order.at(-1)).toBe(31);
}
