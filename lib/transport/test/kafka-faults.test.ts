/** What the broker's absence, death and silence do to the two ends. */
import { createServer, Socket } from 'node:net';
import type { Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKafkaConsumer, openKafkaPublisher, TransportError } from '@dentryscope/transport';
import type { Received } from '@dentryscope/transport';
import { requirePart, startKafka } from '@dentryscope/lab';
import type { RunningKafka } from '@dentryscope/lab';
import { freshTopic, numbered, textOf } from './conformance.js';
import { collect, until } from './helpers.js';

const missing = requirePart('kafka');
const unheard = { partitions: 1, publishTimeoutMs: 2000 };

/** A port of which the listener has just gone. */
async function refusedPort(): Promise<string> {
  const { server, address } = await listen(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  return address;
}

async function listen(accept: (socket: Socket) => void): Promise<{ server: Server; address: string }> {
  const server = createServer(accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return { server, address: `127.0.0.1:${address.port}` };
}

/** Drops all that comes in from a port, so that what was sent takes effect and is never answered. */
function deafenTo(port: number): () => void {
  const emit: (event: string, ...values: unknown[]) => boolean = Socket.prototype.emit;
  Socket.prototype.emit = function (this: Socket, event: string, ...values: unknown[]) {
    return event === 'data' && this.remotePort === port ? true : emit.call(this, event, ...values);
  } as typeof emit;
  return () => void (Socket.prototype.emit = emit);
}

describe('kafka: no broker', () => {
  it('publish rejects within its time, retryable and naming the setting, where the port is refused', async () => {
    const publisher = openKafkaPublisher({ ...unheard, brokers: [await refusedPort()] });
    const before = Date.now();
    const failure = await publisher.publish('t', numbered(1)).catch((error: unknown) => error);
    expect(Date.now() - before).toBeLessThan(3000);
    expect(failure).toBeInstanceOf(TransportError);
    expect(failure).toMatchObject({ retryable: true });
    expect(String(failure)).toMatch(/DENTRYSCOPE_KAFKA_BROKERS.*ECONNREFUSED/);
    expect(publisher.status()).toMatchObject({ ok: false });
    await publisher.close();
  });

  it('run keeps trying and says so where the port is refused; close ends it', async () => {
    const brokers = [await refusedPort()];
    const logged: string[] = [];
    const log = (_level: string, message: string) => void logged.push(message);
    const consumer = openKafkaConsumer({ ...unheard, brokers, log, topic: 't', group: 'g' });
    const running = consumer.run(async () => undefined);
    await until(() => logged.filter((message) => message === 'kafka: consumer starts again').length >= 2);
    expect(consumer.status().detail).toMatch(/DENTRYSCOPE_KAFKA_BROKERS.*ECONNREFUSED/);
    expect(await consumer.lag()).toBeUndefined();
    const before = Date.now();
    await consumer.close();
    await running;
    expect(Date.now() - before).toBeLessThan(6000);
  });

  // A TCP server that takes connections and never says a word stands in for a broker that hangs.
  describe('a broker that accepts and never answers', () => {
    const sockets: Socket[] = [];
    let silent: { server: Server; address: string };
    beforeAll(async () => {
      silent = await listen((socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.resume();
      });
    });
    afterAll(() => {
      sockets.forEach((socket) => socket.destroy());
      silent.server.close();
    });

    it('publish rejects within its time, and so does what waited behind it', async () => {
      const publisher = openKafkaPublisher({ ...unheard, brokers: [silent.address] });
      const before = Date.now();
      const failures = await Promise.allSettled([1, 2, 3].map(() => publisher.publish('t', numbered(1))));
      expect(Date.now() - before).toBeLessThan(3000);
      for (const failure of failures)
        expect(failure).toMatchObject({ status: 'rejected', reason: { retryable: true } });
      const closing = Date.now();
      await publisher.close();
      expect(Date.now() - closing).toBeLessThan(3000);
    });

    it('a consumer says what is wrong, and closes in a bounded time', async () => {
      const consumer = openKafkaConsumer({ ...unheard, brokers: [silent.address], topic: 't', group: 'g' });
      const running = consumer.run(async () => undefined);
      await until(() => /no answer|timed out/.test(consumer.status().detail ?? ''));
      expect(consumer.status().ok).toBe(false);
      const before = Date.now();
      await consumer.close();
      await running;
      expect(Date.now() - before).toBeLessThan(7000);
    });
  });
});

describe.skipIf(missing !== undefined)('kafka: a broker that fails', { timeout: 180_000 }, () => {
  let kafka: RunningKafka;
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka?.stop());

  const open = (topic: string, publishTimeoutMs = 3000) => ({
    publisher: openKafkaPublisher({ brokers: kafka.brokers, partitions: 3, publishTimeoutMs }),
    consumer: openKafkaConsumer({
      brokers: kafka.brokers,
      partitions: 3,
      sessionTimeoutMs: 6000,
      topic,
      group: topic,
    }),
  });

  /** Tries until it is acknowledged, as the agent does. @returns how often it was refused */
  async function publishSurely(
    publisher: ReturnType<typeof openKafkaPublisher>,
    topic: string,
    number: number,
    key: string,
  ): Promise<number> {
    for (let refused = 0; ; refused++)
      try {
        await publisher.publish(topic, numbered(1, key, number));
        return refused;
      } catch (error) {
        expect(error).toMatchObject({ retryable: true });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
  }

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'loses nothing and keeps the order of each key when the broker dies (%s) and comes back, twice',
    async (signal) => {
      const topic = freshTopic();
      const { publisher, consumer } = open(topic);
      const received: Received[] = [];
      const running = consumer.run(async (messages) => void received.push(...messages));
      const keys = ['a', 'b', 'c', 'd'];
      let refused = 0;
      let stop = false;
      const sent = new Map<string, number>();
      const senders = keys.map(async (key) => {
        for (let number = 0; !stop; number++) {
          refused += await publishSurely(publisher, topic, number, key);
          sent.set(key, number + 1);
        }
      });
      for (let round = 0; round < 2; round++) {
        const before = sent.get('a') ?? 0;
        await until(() => (sent.get('a') ?? 0) > before + 50);
        await kafka.kill(signal);
        await until(() => !publisher.status().ok);
        await kafka.restart();
        await until(() => publisher.status().ok);
      }
      const before = sent.get('a') ?? 0;
      await until(() => (sent.get('a') ?? 0) > before + 50);
      stop = true;
      await Promise.all(senders);
      const firsts = (key: string) => {
        const texts = received.filter((message) => message.key === key).map(textOf);
        return [...new Set(texts)];
      };
      await until(() => keys.every((key) => firsts(key).length === sent.get(key)));
      // A message may come twice (its acknowledgement was lost); the first of each stand in their order.
      for (const key of keys) expect(firsts(key)).toEqual(numbered(sent.get(key)!, key).map(textOf));
      expect(refused).toBeGreaterThan(0);
      await consumer.close();
      await running;
      await publisher.close();
    },
  );

  it('publisher and consumer opened before the broker is there find it when it comes', async () => {
    const topic = freshTopic();
    await kafka.kill('SIGKILL');
    const { publisher, consumer } = open(topic);
    const collected = collect(consumer, 1);
    await expect(publisher.publish(topic, numbered(1))).rejects.toMatchObject({ retryable: true });
    await kafka.restart();
    await until(() => publisher.status().ok);
    await publishSurely(publisher, topic, 7, 'key');
    expect((await collected).map(textOf)).toContain('7');
    await until(() => consumer.status().ok);
    await Promise.all([publisher.close(), consumer.close()]);
  });

  it('a broker that hangs (SIGSTOP) and goes on loses nothing', async () => {
    const topic = freshTopic();
    const { publisher, consumer } = open(topic);
    const received = new Set<string>();
    const running = consumer.run(async (messages) =>
      messages.forEach((message) => received.add(textOf(message))),
    );
    await publishSurely(publisher, topic, 0, 'key');
    await kafka.kill('SIGSTOP');
    const before = Date.now();
    await expect(publisher.publish(topic, numbered(1, 'key', 1))).rejects.toMatchObject({ retryable: true });
    expect(Date.now() - before).toBeLessThan(5000);
    expect(publisher.status().ok).toBe(false);
    await kafka.kill('SIGCONT');
    await publishSurely(publisher, topic, 2, 'key');
    await until(() => received.has('0') && received.has('2'));
    await consumer.close();
    await running;
    await publisher.close();
  });

  it('a lost acknowledgement: the next message is not taken for a repetition of the one before', async () => {
    const topic = freshTopic();
    const { publisher, consumer } = open(topic);
    await publishSurely(publisher, topic, 0, 'key');
    const hearAgain = deafenTo(Number(kafka.brokers[0]!.split(':')[1]));
    await expect(publisher.publish(topic, numbered(1, 'key', 1))).rejects.toMatchObject({ retryable: true });
    hearAgain();
    await publishSurely(publisher, topic, 2, 'key');
    const received = new Set<string>();
    const running = consumer.run(async (messages) =>
      messages.forEach((message) => received.add(textOf(message))),
    );
    await until(() => received.has('2'));
    // The broker did store it; only its word for it was lost.
    expect([...received]).toEqual(['0', '1', '2']);
    await consumer.close();
    await running;
    await publisher.close();
  });

  it('a handler that takes longer than the session timeout keeps its partitions, and is not called twice', async () => {
    const topic = freshTopic();
    const { publisher, consumer } = open(topic);
    await publishSurely(publisher, topic, 0, 'key');
    let calls = 0;
    const running = consumer.run(async () => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 9000));
    });
    await until(async () => (await consumer.lag()) === 1n);
    await until(async () => (await consumer.lag()) === 0n);
    await consumer.close();
    await running;
    await publisher.close();
    expect(calls).toBe(1);
  });

  it('a rebalance in the middle of a batch: nothing is skipped, and both consumers get their share', async () => {
    const topic = freshTopic();
    const { publisher, consumer: first } = open(topic);
    const { consumer: second, publisher: unused } = open(topic);
    await unused.close();
    const seen = { first: new Set<string>(), second: new Set<string>() };
    const taking = (set: Set<string>) => async (messages: readonly Received[]) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (const message of messages) set.add(`${message.key}:${textOf(message)}`);
    };
    const keys = Array.from({ length: 12 }, (_, index) => `node-${index}`);
    const running = [first.run(taking(seen.first))];
    for (let number = 0; number < 60; number++) {
      await Promise.all(keys.map((key) => publishSurely(publisher, topic, number, key)));
      if (number === 20) running.push(second.run(taking(seen.second)));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const all = () => new Set([...seen.first, ...seen.second]);
    await until(() => all().size === keys.length * 60);
    expect(seen.second.size).toBeGreaterThan(0);
    await Promise.all([first.close(), second.close(), publisher.close()]);
    await Promise.all(running);
  });

  it('a message that the broker finds too large is refused for good, and its neighbours are not', async () => {
    const topic = freshTopic();
    const { publisher, consumer } = open(topic, 30_000);
    const noise = Buffer.from(Array.from({ length: 2 << 20 }, () => Math.floor(Math.random() * 256)));
    const outcomes = await Promise.allSettled([
      publisher.publish(topic, numbered(1, 'a', 1)),
      publisher.publish(topic, [{ key: 'a', value: noise }]),
      publisher.publish(topic, numbered(1, 'a', 2)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { retryable: false } });
    expect((await collect(consumer, 2)).map(textOf)).toEqual(['1', '2']);
    await Promise.all([publisher.close(), consumer.close()]);
  });

  it('takes much at once: more than the broker takes in one batch', async () => {
    const topic = freshTopic();
    const { publisher, consumer } = open(topic, 30_000);
    const noise = () => Buffer.from(Array.from({ length: 100_000 }, () => Math.floor(Math.random() * 256)));
    const sent = Array.from({ length: 40 }, (_, index) => ({ key: `k${index % 2}`, value: noise() }));
    await publisher.publish(topic, sent);
    const received = await collect(consumer, 40);
    for (const key of ['k0', 'k1'])
      expect(received.filter((message) => message.key === key).map(({ value }) => value.length)).toHaveLength(
        20,
      );
    await Promise.all([publisher.close(), consumer.close()]);
  });
});
