import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createBatch, encodeBatch, topics } from '@dentryscope/contracts';
import { deadLetter, openConsumer, openPublisher } from '@dentryscope/transport';
import type { TransportSettings } from '@dentryscope/transport';
import { collect, freshDirectory } from './helpers.js';

const dataDir = freshDirectory();
const settings: TransportSettings = {
  transport: 'embedded',
  kafkaBrokers: ['127.0.0.1:9092'],
  kafkaPartitions: 2,
  dataDir,
};

describe('transport by settings', () => {
  it('lays the embedded log into the data directory, and consumer and publisher find each other', async () => {
    const publisher = openPublisher(settings);
    const consumer = openConsumer(settings, topics.deltas, 'group');
    await publisher.publish(topics.deltas, [{ key: 'k', value: encodeBatch(createBatch({ seq: 1n })) }]);
    const [message] = await collect(consumer, 1);
    await Promise.all([publisher.close(), consumer.close()]);
    expect(message).toMatchObject({ key: 'k', partition: 0, offset: 0n });
    expect(existsSync(join(dataDir, 'log', 'log.db'))).toBe(true);
  });

  it('says that standard output cannot be consumed, and the way out', () => {
    const open = () => openConsumer({ ...settings, transport: 'stdout' }, topics.deltas, 'group');
    expect(open).toThrow(/DENTRYSCOPE_TRANSPORT=stdout can only be written to: set embedded or kafka/);
  });

  it('names DENTRYSCOPE_DATA_DIR where the data directory is a file', () => {
    const file = join(dataDir, 'a-file');
    writeFileSync(file, '');
    expect(() => openPublisher({ ...settings, dataDir: file })).toThrow(/DENTRYSCOPE_DATA_DIR/);
  });

  it('names DENTRYSCOPE_DATA_DIR where the log is no database', () => {
    const damaged = join(dataDir, 'damaged');
    mkdirSync(join(damaged, 'log'), { recursive: true });
    writeFileSync(join(damaged, 'log', 'log.db'), Buffer.alloc(8192, 7));
    expect(() => openPublisher({ ...settings, dataDir: damaged })).toThrow(/damaged.*DENTRYSCOPE_DATA_DIR/);
  });

  it('makes a dead letter with the original bytes, key and headers, and where it came from', () => {
    const value = new Uint8Array([0, 255]);
    const received = {
      ...{ topic: 't', partition: 3, offset: 1n << 60n, timestampMs: 5, key: 'k', value },
      headers: { schema: '1' },
    };
    const letter = deadLetter(received, 'r'.repeat(5000));
    expect(letter).toMatchObject({ key: 'k', value });
    expect(letter.headers).toMatchObject({
      ...{ schema: '1', topic: 't', partition: '3', offset: '1152921504606846976', reason: 'r'.repeat(1000) },
    });
    expect(Number(letter.headers?.failedAtMs)).toBeGreaterThan(1.7e12);
  });
});
