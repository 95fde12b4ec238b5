import { topics } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import type { Message } from '@dentryscope/transport';
import { afterEach, expect, test } from 'vitest';
import { batch, messageOf, poison } from './batches.js';
import { Bench } from './bench.js';
import { dice } from '../../scripts/lib/random.mjs';

const within = { timeout: 30_000, interval: 20 };
const benches: Bench[] = [];
const open = async () => {
  const bench = await Bench.open();
  benches.push(bench);
  return bench;
};
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close();
});

function shuffled<T>(items: readonly T[], seed = 1): T[] {
  const random = dice(seed);
  const left = [...items];
  return items.flatMap(() => left.splice(random(left.length), 1));
}

const fleet = (nodes: number, windows: number): NodeBatch[] =>
  Array.from({ length: nodes * windows }, (_, n) => batch(`node-${n % nodes}`, 1 + Math.floor(n / nodes)));

/** What the store has to say afterwards: dentries allocated on each node. */
function truth(batches: readonly NodeBatch[]): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const { node, cgroups } of batches)
    for (const value of cgroups!.dentriesAllocated) sums[node] = (sums[node] ?? 0n) + value;
  return sums;
}

async function sums(bench: Bench): Promise<Record<string, bigint>> {
  const { rows } = await bench.top('node');
  return Object.fromEntries(rows.map(({ owner, value }) => [owner.node!, value]));
}

const caughtUp = (bench: Bench) => expect.poll(() => bench.lag(), within).toBe(0n);

test('good and poisonous messages in any order: all good ones stored, all others buried with their place', async () => {
  const bench = await open();
  const good = fleet(5, 60);
  const bad = poison().flatMap(({ value, reason }, n) =>
    [1, 2, 3].map((copy) => ({ key: `bad-${n}-${copy}`, value, reason })),
  );
  const mixed: Message[] = shuffled([...good.map(messageOf), ...bad]);
  await bench.publisher.publish(topics.deltas, mixed);
  const ingester = bench.start();
  await caughtUp(bench);
  expect(await sums(bench)).toEqual(truth(good));
  const letters = await bench.deadLetters();
  const wanted = mixed.flatMap(({ key, value }, offset) =>
    key.startsWith('bad') ? [{ key, value: Buffer.from(value), offset: String(offset) }] : [],
  );
  expect(
    letters.map(({ key, value, headers }) => ({
      key,
      value: Buffer.from(value),
      offset: headers!['offset'],
    })),
  ).toEqual(wanted);
  for (const { headers } of letters)
    expect(headers).toMatchObject({
      topic: topics.deltas,
      partition: '0',
      reason: expect.stringMatching(/\w{4}/),
    });
  expect(await bench.metric('ingester_dead_letters_total')).toEqual({ unreadable: 9, invalid: 21 });
  expect(await bench.metric('ingester_windows_total')).toEqual({ '': 300 });
  expect(await bench.metric('ingester_rows_total')).toEqual({ '': 600 });
  expect(await bench.metric('ingester_lag_messages')).toEqual({ '': 0 });
  expect(
    (await bench.metric('ingester_end_to_end_delay_seconds'))['ingester_end_to_end_delay_seconds_count'] ??
      300,
  ).toBe(300);
  expect(ingester.status()).toEqual([
    { name: 'transport', ok: true },
    { name: 'store', ok: true },
  ]);
});

test('what only the store can refuse is found among its neighbours and buried', async () => {
  const bench = await open();
  const good = fleet(2, 20);
  const refused = batch('huge', 1);
  refused.state!.nrDentry = 1n << 63n;
  await bench.publisher.publish(
    topics.deltas,
    [...good.slice(0, 20), refused, ...good.slice(20)].map(messageOf),
  );
  bench.start();
  await caughtUp(bench);
  expect(await sums(bench)).toEqual(truth(good));
  const [letter, ...rest] = await bench.deadLetters();
  expect(rest).toEqual([]);
  expect(letter!.headers).toMatchObject({
    offset: '20',
    reason: expect.stringContaining('the store will never take it: state.nrDentry'),
  });
});

test('delivered twice, out of order, and again by another ingester: nothing counts twice', async () => {
  const bench = await open();
  const good = fleet(3, 40);
  await bench.publisher.publish(
    topics.deltas,
    [...good, ...shuffled(good), ...good.toReversed()].map(messageOf),
  );
  const first = bench.start();
  await caughtUp(bench);
  await first.close();
  await bench.publisher.publish(topics.deltas, shuffled(good, 7).map(messageOf));
  bench.start();
  await caughtUp(bench);
  expect(await sums(bench)).toEqual(truth(good));
});

test('died between the write and the commit: the messages come again and change nothing', async () => {
  const bench = await open();
  const good = fleet(3, 100);
  await bench.publisher.publish(topics.deltas, good.map(messageOf));
  let deaths = 0;
  bench.start({
    wrapConsumer: (consumer) => ({
      run: (handle) =>
        consumer.run(async (messages) => {
          await handle(messages);
          if (deaths++ % 2 === 0) throw new Error('died before the commit');
        }),
      lag: () => consumer.lag(),
      status: () => consumer.status(),
      close: () => consumer.close(),
    }),
  });
  await caughtUp(bench);
  expect(deaths).toBeGreaterThanOrEqual(12);
  expect(await sums(bench)).toEqual(truth(good));
  expect(await bench.deadLetters()).toEqual([]);
});

test('closed and started again and again while messages come in: nothing lost, nothing twice', async () => {
  const bench = await open();
  const good = fleet(4, 150);
  const publishing = (async () => {
    for (const one of good) await bench.publisher.publish(topics.deltas, [messageOf(one)]);
  })();
  for (let n = 0; n < 8; n++) {
    const ingester = bench.start();
    await new Promise((resolve) => setTimeout(resolve, 40));
    await ingester.close();
    await ingester.finished;
  }
  await publishing;
  bench.start();
  await caughtUp(bench);
  expect(await sums(bench)).toEqual(truth(good));
  expect(await bench.deadLetters()).toEqual([]);
});

test('5,000 mutated messages: each is stored or buried, none stops the partition', async () => {
  const bench = await open();
  const original = Buffer.from(messageOf(batch('fuzz', 1)).value);
  const random = dice(42);
  const mutated = Array.from({ length: 5000 }, (_, n) => {
    const value = Buffer.from(original.subarray(0, random(8) === 0 ? random(original.length) : undefined));
    for (let times = 1 + random(4); times > 0 && value.length > 0; times--)
      value[random(value.length)] = random(256);
    return { key: String(n), value };
  });
  await bench.publisher.publish(topics.deltas, mutated);
  bench.start();
  await caughtUp(bench);
  const buried = Object.values(await bench.metric('ingester_dead_letters_total')).reduce((a, b) => a + b, 0);
  const stored = (await bench.metric('ingester_windows_total'))['']!;
  expect(buried + stored).toBe(5000);
  expect(Math.min(buried, stored)).toBeGreaterThan(100);
  expect(await bench.deadLetters()).toHaveLength(buried);
});

test('names that come late name what was stored before', async () => {
  const bench = await open();
  const one = batch('n', 5);
  one.cgroupInfos = [{ ...one.cgroupInfos[0]!, containerId: 'c0ffee', podUid: 'pod-1' }];
  await bench.publisher.publish(topics.deltas, [messageOf(one)]);
  let tell: Parameters<
    NonNullable<NonNullable<Parameters<Bench['start']>[0]>['podWatch']>['subscribe']
  >[0] = () => {};
  const ingester = bench.start({
    podWatch: {
      subscribe: (listener) => ((tell = listener), () => {}),
      status: () => ({ ok: true, detail: 'jobs are not watched' }),
    },
  });
  await caughtUp(bench);
  tell([
    {
      podUid: 'pod-1',
      containerId: 'c0ffee',
      namespace: 'shop',
      pod: 'web-1',
      container: 'php',
      workload: 'Deployment/web',
    },
  ]);
  const owner = {
    cluster: 'test',
    namespace: 'shop',
    workload: 'Deployment/web',
    pod: 'web-1',
    container: 'php',
  };
  await expect
    .poll(async () => (await bench.top('container', { container: 'php' })).rows, within)
    .toEqual([{ owner, value: 5n }]);
  expect(ingester.status().at(-1)).toEqual({ name: 'kubernetes', ok: true, detail: 'jobs are not watched' });
});
