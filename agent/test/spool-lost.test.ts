/** How many windows are lost, where room runs out while they are on their way. Equal: made = arrived + waiting + lost. */
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '@dentryscope/runtime';
import { TransportError } from '@dentryscope/transport';
import type { Message, Publisher } from '@dentryscope/transport';
import { Sender } from '../src/sender.js';
import type { Spool } from '../src/spool.js';
import { fill, fresh, open, seqIn } from './spool-helpers.js';
import { until } from '../../lib/transport/test/helpers.js';

/** Some 20 windows of two pages. */
const MAX_BYTES = 200_000;
const TWO_PAGES = 6000;
const opened = (directory: string, maxBytes = MAX_BYTES) => open(directory, 'boot', maxBytes);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Answers when it is told to. A real broker cannot be made to wait for the moment at which the spool drops. */
class Held implements Publisher {
  readonly arrived = new Set<number>();
  readonly #waiting: { messages: readonly Message[]; end: (error?: Error) => void }[] = [];

  publish(_topic: string, messages: readonly Message[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => (error ? reject(error) : resolve());
      this.#waiting.push({ messages, end });
    });
  }

  get inFlight(): number {
    return this.#waiting.length;
  }

  acknowledge(): void {
    const { messages, end } = this.#waiting.shift()!;
    for (const { value } of messages) this.arrived.add(seqIn(value));
    end();
  }

  refuse(): void {
    this.#waiting.shift()!.end(new TransportError('away', true));
  }

  status = () => ({ ok: true });
  close = async () => {};
}

function started(spool: Spool): { broker: Held; sender: Sender } {
  const broker = new Held();
  const logger = createLogger('spool-lost', 'fatal');
  const onFatal = (error: Error) => {
    throw error;
  };
  const sender = new Sender(spool, broker, { key: 'c/n', drainPerSecond: 1e9, logger, onFatal });
  closers.push(async () => {
    const closing = sender.close(0);
    while (broker.inFlight > 0) broker.refuse();
    await closing;
    spool.close();
  });
  sender.start();
  return { broker, sender };
}

describe('windows that are dropped for room while they are on their way', () => {
  it('are not lost where they arrive', async () => {
    const directory = fresh();
    const spool = opened(directory);
    fill(spool, 10, TWO_PAGES);
    const { broker } = started(spool);
    await until(() => broker.inFlight === 1);
    fill(spool, 40, TWO_PAGES);
    const lostBefore = spool.windowsLost;
    expect(spool.size).toBeLessThan(40);
    broker.acknowledge();
    await until(() => broker.inFlight === 1);
    expect(broker.arrived.size).toBe(10);
    // The first ten arrived; of the forty some were never on their way, and had to leave.
    expect(spool.windowsLost).toBe(BigInt(50 - 10 - spool.size));
    expect(spool.windowsLost).toBe(lostBefore);
    expect(spool.windowsLost).toBeGreaterThan(0n);
    const lost = spool.windowsLost;
    await closers.pop()!();
    const again = opened(directory);
    expect(again.windowsLost).toBe(lost);
    again.close();
  });

  it('are lost where the broker refuses them', async () => {
    const spool = opened(fresh());
    fill(spool, 10, TWO_PAGES);
    const { broker } = started(spool);
    await until(() => broker.inFlight === 1);
    fill(spool, 40, TWO_PAGES);
    broker.refuse();
    await until(() => broker.inFlight === 1);
    expect(spool.windowsLost).toBe(BigInt(50 - spool.size));
  });

  it('are lost where the agent dies before it hears of them', () => {
    const directory = fresh();
    const spool = opened(directory);
    fill(spool, 10, TWO_PAGES);
    expect(spool.peek(32)).toHaveLength(10);
    fill(spool, 40, TWO_PAGES);
    spool.close();
    const again = opened(directory);
    expect(again.windowsLost).toBe(BigInt(50 - again.size));
    again.close();
  });

  it('count never goes back', () => {
    const spool = opened(fresh());
    fill(spool, 10, TWO_PAGES);
    const lent = spool.peek(32);
    const counts: bigint[] = [];
    for (let n = 0; n < 40; n++) {
      fill(spool, 1, TWO_PAGES);
      counts.push(spool.windowsLost);
      if (n === 30) spool.remove(lent.slice(0, 4));
      if (n === 35) spool.remove(lent.slice(4));
    }
    counts.push(spool.windowsLost);
    expect(counts).toEqual([...counts].sort((a, b) => Number(a - b)));
    expect(counts.at(-1)).toBe(BigInt(50 - 10 - spool.size));
    spool.close();
  });

  it('in a block: what arrived of it is not lost, what did not is', async () => {
    const directory = fresh();
    // Zeros and noise: a block of 32 is 1.3 MiB to publish, in two parts.
    const maxBytes = 1 << 20;
    const spool = opened(directory, maxBytes);
    fill(spool, 32, 3000, 40_000);
    expect(await spool.pack()).toBe(true);
    const { broker, sender } = started(spool);
    await until(() => broker.inFlight === 1);
    broker.acknowledge();
    await until(() => broker.inFlight === 1);
    const first = broker.arrived.size;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(32);
    expect(spool.size).toBe(32 - first);
    // The block leaves for want of room, and then its second part is refused.
    fill(spool, 200, TWO_PAGES);
    sender.notify();
    const before = spool.windowsLost;
    broker.refuse();
    await until(() => broker.inFlight === 1);
    expect(spool.windowsLost).toBe(BigInt(232 - first - spool.size));
    expect(spool.windowsLost - before).toBe(BigInt(32 - first));
  });

  it('in a block: the part that is sent again does not hold what has arrived', async () => {
    const spool = opened(fresh(), 1 << 20);
    fill(spool, 32, 3000, 40_000);
    await spool.pack();
    const { broker } = started(spool);
    await until(() => broker.inFlight === 1);
    broker.acknowledge();
    await until(() => broker.inFlight === 1);
    broker.refuse();
    await until(() => broker.inFlight === 1);
    broker.acknowledge();
    await until(() => spool.size === 0);
    expect([broker.arrived.size, spool.windowsLost]).toEqual([32, 0n]);
  });
});
