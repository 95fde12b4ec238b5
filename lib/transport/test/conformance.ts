/** What every transport that can be read from holds to. Named after the failure survived. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Consumer, Message, Publisher, Received } from '@dentryscope/transport';
import { collect, until } from './helpers.js';
import { startChild } from './child.js';

export interface Bench {
  publisher(): Publisher;
  consumer(options: ConsumerOptions): Consumer;
  /** What a child process needs to open the same transport: see children/consumer.mjs. */
  readonly spec: Readonly<Record<string, unknown>>;
  close(): Promise<void>;
}

export interface ConsumerOptions {
  readonly topic: string;
  readonly group: string;
  readonly fromBeginning?: boolean;
  readonly ephemeral?: boolean;
  readonly batchMessages?: number;
  readonly batchBytes?: number;
}

export const freshTopic = () => `test.${randomUUID()}`;

export const numbered = (count: number, key = 'node', from = 0): Message[] =>
  Array.from({ length: count }, (_, index) => ({ key, value: Buffer.from(String(from + index)) }));

export const textOf = ({ value }: Message) => Buffer.from(value).toString();

/** @param missing what keeps it from running here; undefined where nothing does */
export function conformance(name: string, open: () => Promise<Bench>, missing?: string): void {
  describe.skipIf(missing !== undefined)(
    missing ? `${name} (${missing})` : name,
    { timeout: 120_000 },
    () => {
      let bench: Bench;
      let publisher: Publisher;
      beforeAll(async () => {
        bench = await open();
        publisher = bench.publisher();
      });
      afterAll(() => bench?.close());

      /** Everything in the topic, as a new group sees it. */
      async function readAll(topic: string, count: number, group = 'reader'): Promise<Received[]> {
        const consumer = bench.consumer({ topic, group });
        const messages = await collect(consumer, count);
        await consumer.close();
        return messages;
      }

      it('keeps the order of each key where many publish at once', async () => {
        const topic = freshTopic();
        const keys = Array.from({ length: 20 }, (_, index) => `cluster/node-${index}`);
        await Promise.all(
          keys.map(async (key) => {
            for (let round = 0; round < 5; round++)
              await publisher.publish(topic, numbered(10, key, round * 10));
          }),
        );
        const messages = await readAll(topic, 1000);
        for (const key of keys)
          expect(messages.filter((message) => message.key === key).map(textOf)).toEqual(
            numbered(50, key).map(textOf),
          );
      });

      it('keeps the order of publishes of one key that were not waited for', async () => {
        const topic = freshTopic();
        await Promise.all(numbered(100).map((message) => publisher.publish(topic, [message])));
        expect((await readAll(topic, 100)).map(textOf)).toEqual(numbered(100).map(textOf));
      });

      it('carries every byte, header and character unchanged', async () => {
        const topic = freshTopic();
        const sent: Message[] = [
          { key: 'ключ/наузел', value: Uint8Array.from({ length: 512 }, (_, index) => index % 256) },
          {
            key: 'cut\0here',
            value: new Uint8Array(0),
            headers: { reason: 'не читается: \0 "😀"', offset: '12' },
          },
          { key: 'sub', value: new Uint8Array([1, 2, 3, 4]).subarray(1, 3), headers: {} },
        ];
        await publisher.publish(topic, sent);
        const received = await readAll(topic, 3);
        const byKey = new Map(received.map((message) => [message.key, message]));
        for (const { key, value, headers } of sent) {
          const got = byKey.get(key)!;
          expect([...got.value]).toEqual([...value]);
          expect(got.headers ?? {}).toEqual(headers ?? {});
          expect(got.topic).toBe(topic);
          expect(Math.abs(got.timestampMs - Date.now())).toBeLessThan(60_000);
        }
      });

      it('numbers the messages of a partition upwards, as bigint', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(5));
        const offsets = (await readAll(topic, 5)).map(({ offset }) => offset);
        expect(offsets).toEqual([0n, 1n, 2n, 3n, 4n]);
      });

      it('waits for a topic that nobody has published to yet', async () => {
        const topic = freshTopic();
        const consumer = bench.consumer({ topic, group: 'early' });
        const collected = collect(consumer, 3);
        await publisher.publish(topic, numbered(3));
        expect((await collected).map(textOf)).toEqual(['0', '1', '2']);
        await consumer.close();
      });

      it('goes on behind what was committed after an orderly restart', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(3));
        expect(await readAll(topic, 3)).toHaveLength(3);
        await publisher.publish(topic, numbered(2, 'node', 3));
        expect((await readAll(topic, 2)).map(textOf)).toEqual(['3', '4']);
      });

      it('brings the same messages again after the handler rejected, and skips none', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(3));
        const attempts: string[][] = [];
        const consumer = bench.consumer({ topic, group: 'rejecting' });
        const done = consumer.run(async (messages) => {
          attempts.push(messages.map(textOf));
          if (attempts.length < 3) throw new Error('the store is away');
        });
        await until(() => attempts.length === 3);
        await publisher.publish(topic, numbered(1, 'node', 3));
        await until(() => attempts.flat().includes('3'));
        await consumer.close();
        await done;
        expect(attempts.slice(0, 3)).toEqual([attempts[0], attempts[0], attempts[0]]);
        expect(attempts.slice(2).flat()).toEqual(['0', '1', '2', '3']);
      });

      it('says in its status why the handler rejects, and that it is well again', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(1));
        let away = true;
        const consumer = bench.consumer({ topic, group: 'status' });
        const done = consumer.run(async () => {
          if (away) throw new Error('the store is away');
        });
        await until(() => !consumer.status().ok && consumer.status().detail?.includes('the store is away'));
        away = false;
        await until(() => consumer.status().ok);
        await consumer.close();
        await done;
      });

      it('does not commit what the handler rejected: the next consumer gets it', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(2));
        const consumer = bench.consumer({ topic, group: 'next' });
        let calls = 0;
        const done = consumer.run(async () => {
          calls++;
          throw new Error('never');
        });
        await until(() => calls > 0);
        await consumer.close();
        await done;
        expect((await readAll(topic, 2, 'next')).map(textOf)).toEqual(['0', '1']);
      });

      it('delivers again what a consumer killed in mid-batch (SIGKILL) had in hand', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(5));
        const child = startChild('consumer.mjs', { ...bench.spec, topic, group: 'killed' });
        await child.line((line) => line.startsWith('handling'));
        await child.kill('SIGKILL');
        expect((await readAll(topic, 5, 'killed')).map(textOf)).toEqual(['0', '1', '2', '3', '4']);
      });

      it('gives every group everything', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(10));
        const both = await Promise.all([readAll(topic, 10, 'one'), readAll(topic, 10, 'two')]);
        for (const messages of both) expect(messages.map(textOf)).toEqual(numbered(10).map(textOf));
      });

      it('finishes and commits the batch in hand when closed in the middle of it', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(4));
        const consumer = bench.consumer({ topic, group: 'closing', batchMessages: 2 });
        const handled: string[] = [];
        let entered = 0;
        let release = () => {};
        const done = consumer.run(async (messages) => {
          entered++;
          await new Promise<void>((resolve) => (release = resolve));
          handled.push(...messages.map(textOf));
        });
        await until(() => entered === 1);
        let closed = false;
        const closing = consumer.close().then(() => (closed = true));
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(closed).toBe(false);
        release();
        await Promise.all([closing, done]);
        expect(handled).toEqual(['0', '1']);
        expect((await readAll(topic, 2, 'closing')).map(textOf)).toEqual(['2', '3']);
      });

      it('closes at once while it backs off', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(1));
        const consumer = bench.consumer({ topic, group: 'backing-off' });
        let calls = 0;
        const done = consumer.run(async () => {
          calls++;
          throw new Error('never');
        });
        await until(() => calls >= 4);
        const before = Date.now();
        await consumer.close();
        await done;
        expect(Date.now() - before).toBeLessThan(3000);
      });

      it('hands out batches within their bounds, and a message larger than them alone', async () => {
        const topic = freshTopic();
        const large = { key: 'node', value: Buffer.alloc(50_000, 7) };
        await publisher.publish(topic, [...numbered(25), large, ...numbered(2, 'node', 25)]);
        const sizes: number[] = [];
        const consumer = bench.consumer({ topic, group: 'bounds', batchMessages: 10, batchBytes: 20_000 });
        const done = consumer.run(async (messages) => void sizes.push(messages.length));
        await until(() => sizes.reduce((sum, size) => sum + size, 0) === 28);
        await consumer.close();
        await done;
        expect(Math.max(...sizes)).toBe(10);
        expect(sizes).toContain(1);
      });

      it('knows its lag: all of it before, none after', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(7));
        const consumer = bench.consumer({ topic, group: 'lagging' });
        let release = () => {};
        const gate = new Promise<void>((resolve) => (release = resolve));
        const done = consumer.run(() => gate);
        await until(async () => (await consumer.lag()) === 7n);
        release();
        await until(async () => (await consumer.lag()) === 0n);
        await consumer.close();
        await done;
      });

      it('leaves no trace of an onlooker', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(3));
        for (let round = 0; round < 2; round++) {
          const consumer = bench.consumer({ topic, group: 'tail', ephemeral: true });
          expect((await collect(consumer, 3)).map(textOf)).toEqual(['0', '1', '2']);
          await consumer.close();
        }
        expect(await readAll(topic, 3, 'tail')).toHaveLength(3);
      });

      it('hands over to another consumer of the group when the first one leaves', async () => {
        const topic = freshTopic();
        await publisher.publish(topic, numbered(3));
        const first = bench.consumer({ topic, group: 'pair' });
        await collect(first, 3);
        const second = bench.consumer({ topic, group: 'pair' });
        const collected = collect(second, 1);
        await first.close();
        await publisher.publish(topic, numbered(1, 'node', 3));
        expect((await collected).map(textOf)).toEqual(['3']);
        await second.close();
      });

      it('refuses to publish after close', async () => {
        const closed = bench.publisher();
        await closed.close();
        await closed.close();
        await expect(closed.publish(freshTopic(), numbered(1))).rejects.toThrow(/closed/);
      });

      it('takes an empty publish and a consumer that never ran', async () => {
        await publisher.publish(freshTopic(), []);
        await bench.consumer({ topic: freshTopic(), group: 'idle' }).close();
      });
    },
  );
}
