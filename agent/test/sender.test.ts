/** Which windows go when. The publisher is a fake where a broker has to be slow, or silent, at a given moment. */
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '@dentryscope/runtime';
import { RefusedMessages, TransportError, openKafkaPublisher } from '@dentryscope/transport';
import type { Message, Publisher } from '@dentryscope/transport';
import { Sender } from '../src/sender.js';
import type { Spool } from '../src/spool.js';
import { append, damage, fillUp, fresh, noise, open, tinyDisk } from './spool-helpers.js';
import { until } from '../../lib/transport/test/helpers.js';

const logger = createLogger('sender-test', 'fatal');
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

class Broker implements Publisher {
  readonly got: string[] = [];
  away = false;
  readonly refused = new Set<string>();

  async publish(_topic: string, messages: readonly Message[]): Promise<void> {
    if (this.away) throw new TransportError('away', true);
    const texts = messages.map(({ value }) => Buffer.from(value).toString());
    if (texts.some((text) => this.refused.has(text))) throw new RefusedMessages('too large');
    this.got.push(...texts);
  }

  status = () => ({ ok: true });
  close = async () => {};
}

function started(
  publisher: Publisher,
  drainPerSecond: number,
  before = 0,
  spool = open(fresh()),
): { spool: Spool; sender: Sender } {
  for (let count = 0; count < before; count++) append(spool, 'w');
  const onFatal = (error: Error) => {
    throw error;
  };
  const sender = new Sender(spool, publisher, { key: 'c/n', drainPerSecond, logger, onFatal });
  closers.push(
    () => spool.close(),
    () => sender.close(0),
  );
  sender.start();
  return { spool, sender };
}

const names = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `w${from + i}`);

describe('sender', () => {
  it('sends the newest first, then what waits behind them, down to the oldest', async () => {
    const broker = new Broker();
    const { spool } = started(broker, 1e9, 100);
    await until(() => spool.size === 0);
    expect(broker.got).toEqual([...names(69, 100), ...names(37, 68), ...names(5, 36), ...names(1, 4)]);
  });

  it('sends a new window at once while a backlog drains slowly, and the backlog no faster than it may', async () => {
    const broker = new Broker();
    const { spool, sender } = started(broker, 0.001, 200);
    // The newest at once, one part of the backlog, and then the next in 32,000 s.
    await until(() => broker.got.length === 64);
    for (let seq = 201; seq <= 205; seq++) {
      append(spool, 'w');
      sender.notify();
      await until(() => broker.got.at(-1) === `w${seq}`);
    }
    expect(broker.got).toEqual([...names(169, 200), ...names(137, 168), ...names(201, 205)]);
    expect(spool.size).toBe(136);
  });

  it('goes on with the newest when the broker is back, and has lost and doubled none', async () => {
    const broker = new Broker();
    const { spool, sender } = started(broker, 1e9);
    const live = (from: number, to: number) => {
      for (let seq = from; seq <= to; seq++) append(spool, 'w');
      sender.notify();
    };
    live(1, 1);
    await until(() => spool.size === 0);
    broker.away = true;
    live(2, 60);
    await until(() => !sender.status().ok);
    broker.away = false;
    await until(() => spool.size === 0);
    expect(broker.got).toEqual(['w1', ...names(29, 60), ...names(2, 28)]);
  });

  it('sends by its end what has come since the last send, and leaves the backlog to the next start', async () => {
    const broker = new Broker();
    const { spool, sender } = started(broker, 0.001, 200);
    await until(() => broker.got.length === 64);
    for (let seq = 201; seq <= 203; seq++) append(spool, 'w');
    await sender.close(5000);
    expect(broker.got.slice(64)).toEqual(names(201, 203));
    expect([spool.size, spool.windowsLost]).toEqual([136, 0n]);
  });

  it('leaves the backlog at its end also where its next part is due', async () => {
    const broker = new Broker();
    const { spool, sender } = started(broker, 1e9, 0);
    broker.away = true;
    for (let seq = 1; seq <= 100; seq++) append(spool, 'w');
    sender.notify();
    await until(() => !sender.status().ok);
    broker.away = false;
    await sender.close(5000);
    expect(broker.got).toEqual(names(69, 100));
    expect(spool.size).toBe(68);
  });

  it('loses a window that the broker refuses, and counts it; all others go', async () => {
    const broker = new Broker();
    ['w3', 'w40', 'w99'].forEach((name) => broker.refused.add(name));
    const { spool, sender } = started(broker, 1e9, 100);
    await until(() => spool.size === 0);
    expect(broker.got).toHaveLength(97);
    expect(new Set(broker.got)).toEqual(new Set(names(1, 100).filter((name) => !broker.refused.has(name))));
    expect(spool.windowsLost).toBe(3n);
    expect(sender.status()).toEqual({ ok: true });
  });

  it('takes out of the spool what the broker has, part by part', async () => {
    const broker = new Broker();
    const spool = open(fresh());
    // A publish takes 1 MiB at most: two of these.
    for (let count = 0; count < 4; count++) spool.append(() => ({ endMs: 0, bytes: noise(500_000) }));
    const publish = broker.publish.bind(broker);
    broker.publish = async (topic, messages) => {
      await publish(topic, messages);
      broker.away = true;
    };
    const { sender } = started(broker, 1e9, 0, spool);
    await until(() => !sender.status().ok);
    expect([broker.got.length, spool.size]).toEqual([2, 2]);
    broker.away = false;
    await until(() => spool.size === 0);
    expect([broker.got.length, new Set(broker.got).size]).toEqual([4, 4]);
  });
});

const disk = tinyDisk(2 << 20);

describe.skipIf(!disk)(disk ? 'sender: disk full' : 'sender: disk full (mount is refused here)', () => {
  it('sends each window once though none can be taken out of the spool, and goes on when there is room', async () => {
    const spool = open(join(disk!, 'spool'));
    for (let count = 0; count < 60; count++) append(spool, 'w');
    const ballast = join(disk!, 'ballast');
    fillUp(ballast);
    const broker = new Broker();
    const { sender } = started(broker, 1e9, 0, spool);
    await until(() => !sender.status().ok);
    expect(sender.status().detail).toMatch(
      /No room on the disk.*DENTRYSCOPE_DATA_DIR|disk under DENTRYSCOPE_DATA_DIR/,
    );
    expect(() => append(spool, 'w')).toThrow(expect.objectContaining({ retryable: true }));
    rmSync(ballast);
    await until(() => spool.size === 0);
    expect(broker.got).toEqual([...names(29, 60), ...names(1, 28)]);
    expect([append(spool, 'w'), spool.windowsLost]).toEqual([61n, 0n]);
  });

  it('ends though what is left is damaged, and cannot be taken out for want of room', async () => {
    const directory = join(disk!, 'damaged');
    const spool = open(directory);
    append(spool, 'w');
    damage(directory, 1n);
    const ballast = join(disk!, 'ballast');
    fillUp(ballast);
    const broker = new Broker();
    const { sender } = started(broker, 1e9, 0, spool);
    await sender.close(100);
    expect([broker.got, spool.size, spool.windowsLost]).toEqual([[], 0, 1n]);
    rmSync(ballast);
  });
});

describe('a broker that accepts and never answers', () => {
  it(
    'is told as such, costs no window, and does not hold up the end of the agent',
    { timeout: 60_000 },
    async () => {
      const sockets = new Set<Socket>();
      const silent = createServer((socket) => void sockets.add(socket.on('error', () => {}).resume()));
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      closers.push(() => {
        sockets.forEach((socket) => socket.destroy());
        silent.close();
      });
      const brokers = [`127.0.0.1:${(silent.address() as AddressInfo).port}`];
      const publisher = openKafkaPublisher({ brokers, partitions: 1, publishTimeoutMs: 500 });
      closers.push(() => publisher.close());
      const { spool, sender } = started(publisher, 1e9, 3);
      await until(() => !sender.status().ok);
      expect(sender.status().detail).toMatch(/DENTRYSCOPE_KAFKA_BROKERS/);
      expect(sockets.size).toBeGreaterThan(0);
      append(spool, 'w');
      sender.notify();
      const startedMs = performance.now();
      await sender.close(1000);
      expect(performance.now() - startedMs).toBeLessThan(5000);
      expect([spool.size, spool.windowsLost]).toEqual([4, 0n]);
    },
  );
});
