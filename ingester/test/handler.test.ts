/**
 * Faults that a real store or broker can't be made to show at will: a batch refused for good, an error without a
 * class, a broker that finds a message too large. All else is tested on the real parts, in embedded.test.ts.
 */
import { createHandler, createMetrics, EndingError, Trouble } from '@dentryscope/ingester';
import type { HandlerContext } from '@dentryscope/ingester';
import { Registry, createLogger } from '@dentryscope/runtime';
import { StoreError } from '@dentryscope/store';
import { TransportError } from '@dentryscope/transport';
import type { Message } from '@dentryscope/transport';
import { createBatch, decodeBatch } from '@dentryscope/contracts';
import type { NodeBatch, WindowBatch } from '@dentryscope/contracts';
import { expect, test } from 'vitest';
import { batch, poison, received } from './batches.js';

function setup(
  write: (batches: readonly WindowBatch[]) => void,
  publish: (letters: readonly Message[]) => void = () => {},
) {
  const written: WindowBatch[] = [];
  const letters: Message[] = [];
  const calls = { write: 0, publish: 0 };
  const ending = new AbortController();
  const registry = new Registry();
  const context: HandlerContext = {
    store: {
      write: async (batches) => {
        calls.write++;
        write(batches);
        written.push(...batches);
      },
    },
    deadLetters: {
      publish: async (_topic, more) => {
        calls.publish++;
        publish(more);
        letters.push(...more);
      },
    },
    metrics: createMetrics(registry),
    logger: createLogger('test', 'fatal'),
    trouble: new Trouble(),
    signal: ending.signal,
    backoff: { firstMs: 1, mostMs: 4 },
  };
  const value = async (name: string) =>
    (await registry.getSingleMetric(name)!.get()).values.map(({ value, labels }) => [labels, value]);
  return {
    context,
    handle: createHandler(context),
    written,
    letters,
    calls,
    ending,
    trouble: context.trouble,
    value,
  };
}

const fieldsOf = ({ $typeName: _, ...fields }: NodeBatch) => fields;
const nodes = (batches: readonly WindowBatch[]) => batches.map(({ node, seq }) => `${node} ${seq}`);
const ten = () => Array.from({ length: 10 }, (_, n) => received(batch('n', n + 1)));

test('good ones are written together, in order', async () => {
  const { handle, written, letters, calls, value } = setup(() => {});
  await handle(ten());
  expect(nodes(written)).toEqual(Array.from({ length: 10 }, (_, n) => `n ${n + 1}`));
  expect(calls).toEqual({ write: 1, publish: 0 });
  expect(letters).toEqual([]);
  expect(await value('ingester_windows_total')).toEqual([[{}, 10]]);
  expect(await value('ingester_rows_total')).toEqual([[{}, 20]]);
});

test('an event of a kind that only newer agents know takes no figure along', async () => {
  const { handle, written, letters } = setup(() => {});
  const event = { startMs: 1n, durationNs: 5n };
  const newer = createBatch({
    ...fieldsOf(batch('n', 1)),
    reclaims: [{ ...event, kind: 'shrinker_debugfs' }],
    stalls: [{ ...event, kind: 'soft_hang', cause: 'inode_reclaim' }],
  });
  await handle([received(newer), received(batch('n', 2))]);
  expect(nodes(written)).toEqual(['n 1', 'n 2']);
  expect(letters).toEqual([]);
});

test('nothing at all costs nothing', async () => {
  const { handle, calls } = setup(() => {});
  await handle([]);
  expect(calls).toEqual({ write: 0, publish: 0 });
});

test('one poisonous batch in 500 is found by halving and given up; all others are stored', async () => {
  const refused = new StoreError('state.nrDentry is too large', false);
  const { handle, written, letters, calls, value } = setup((batches) => {
    if (batches.some(({ seq }) => seq === 333n)) throw refused;
  });
  const messages = Array.from({ length: 500 }, (_, n) => received(batch('n', n + 1), 7));
  await handle(messages);
  expect(written.map(({ seq }) => seq).sort((a, b) => Number(a - b))).toEqual(
    messages.map((_, n) => BigInt(n + 1)).filter((seq) => seq !== 333n),
  );
  expect(calls.write).toBeLessThanOrEqual(19);
  expect(letters.map(({ headers }) => headers)).toMatchObject([
    {
      reason: 'the store will never take it: state.nrDentry is too large',
      topic: 'dentryscope.deltas.v1',
      partition: '7',
      offset: String(messages[332]!.offset),
    },
  ]);
  expect(letters[0]!.value).toBe(messages[332]!.value);
  expect(await value('ingester_dead_letters_total')).toEqual([[{ reason: 'refused' }, 1]]);
});

test('a store that is away is waited for, and it shows meanwhile', async () => {
  let failures = 5;
  const seen: unknown[] = [];
  const { handle, written, letters, trouble, value } = setup(() => {
    seen.push(trouble.status());
    if (failures-- > 0) throw new StoreError('connection refused', true);
  });
  await handle([received(batch('n', 1))]);
  expect(nodes(written)).toEqual(['n 1']);
  expect(letters).toEqual([]);
  const waiting = { ok: false, detail: 'the store does not take windows, trying again: connection refused' };
  expect(seen).toEqual([{ ok: true }, ...Array.from({ length: 5 }, () => waiting)]);
  expect(trouble.status()).toEqual({ ok: true });
  expect(await value('ingester_store_retries_total')).toEqual([[{}, 5]]);
});

test('an error without a class is tried five times, then its batch is given up', async () => {
  const { handle, written, letters, calls } = setup(() => {
    throw new TypeError('a fault of ours');
  });
  await handle([received(batch('n', 1))]);
  expect(calls.write).toBe(5);
  expect(written).toEqual([]);
  expect(letters[0]!.headers!['reason']).toBe('the store will never take it: a fault of ours');
});

test('what is waiting for the store gives up when the process ends, and nothing is dead-lettered', async () => {
  const { handle, letters, ending } = setup(() => {
    throw new StoreError('away', true);
  });
  const handled = handle([received(batch('n', 1)), received(new Uint8Array([255]))]);
  setTimeout(() => ending.abort(), 20);
  await expect(handled).rejects.toThrow(EndingError);
  expect(letters).toEqual([]);
});

test('a store that is closed at the end refuses everything; that is no reason to give a batch up', async () => {
  const { handle, letters, ending } = setup(() => {
    ending.abort();
    throw new StoreError('closed', false);
  });
  await expect(handle(ten())).rejects.toThrow(EndingError);
  expect(letters).toEqual([]);
});

test('the dead-letter topic is waited for as well: no message is committed unburied', async () => {
  let failures = 3;
  const { handle, letters, calls } = setup(
    () => {},
    () => {
      if (failures-- > 0) throw new TransportError('no broker', true);
    },
  );
  const bad = poison().map(({ value }) => received(value));
  await handle(bad);
  expect(letters.map(({ value }) => value)).toEqual(bad.map(({ value }) => value));
  expect(calls).toEqual({ write: 0, publish: 4 });
});

test('a dead letter that its headers made too large goes as its reason and its beginning', async () => {
  const { handle, letters } = setup(
    () => {},
    (more) => {
      if (more.some(({ value }) => value.length > 1_000_000)) throw new TransportError('too large', false);
    },
  );
  const large = new Uint8Array(1_048_576).fill(255);
  await handle([received(large), received(new Uint8Array([255])), received(batch('n', 1))]);
  expect(letters.map(({ value, headers }) => [value.length, headers!['cutFromBytes']])).toEqual([
    [65_536, '1048576'],
    [1, undefined],
  ]);
});

test('calls for several partitions at once do not mix', async () => {
  const { handle, written } = setup(() => {});
  await Promise.all(
    ['a', 'b', 'c'].map((node, partition) =>
      handle([received(batch(node, 1), partition), received(batch(node, 2), partition)]),
    ),
  );
  expect(nodes(written).sort()).toEqual(['a 1', 'a 2', 'b 1', 'b 2', 'c 1', 'c 2']);
});

test('of a window that is refused in part, that part is given up; nothing else is written again', async () => {
  const whole = batch('n', 2);
  const rest = batch('n', 2);
  rest.cgroups = { ...rest.cgroups!, ids: [11n], dentriesAllocated: [2n] };
  const refused: { batch: number; rest: WindowBatch; reason: string }[] = [
    { batch: 1, rest, reason: '1 of its 2 cgroups: field type conflict' },
    { batch: 3, rest: undefined!, reason: 'the figures of the node: another' },
  ];
  const { handle, letters, calls, value } = setup((batches) => {
    refused[1]!.rest = batches[3]!;
    throw new StoreError('some of it', false, { refused });
  });
  const messages = [1, 2, 3, 4, 5].map((seq) => received(seq === 2 ? whole : batch('n', seq), 7));
  await handle(messages);
  expect(calls).toEqual({ write: 1, publish: 1 });
  expect(letters.map(({ headers }) => headers)).toMatchObject(
    [1, 3].map((n) => ({
      topic: 'dentryscope.deltas.v1',
      partition: '7',
      offset: String(messages[n]!.offset),
    })),
  );
  expect(letters[0]!.headers!['reason']).toBe(
    'the store will never take it: 1 of its 2 cgroups: field type conflict',
  );
  expect(decodeBatch(letters[0]!.value)).toEqual(rest);
  expect(letters[1]!.value).toBe(messages[3]!.value);
  expect(await value('ingester_windows_total')).toEqual([[{}, 3]]);
  expect(await value('ingester_dead_letters_total')).toEqual([[{ reason: 'refused' }, 2]]);
});

test('a store that says when it wants to be asked again is not asked before', async () => {
  const asked: number[] = [];
  const { handle, written } = setup(() => {
    asked.push(performance.now());
    if (asked.length < 3) throw new StoreError('429', true, { retryAfterMs: 150 });
  });
  await handle([received(batch('n', 1))]);
  expect(nodes(written)).toEqual(['n 1']);
  // A timer may be a millisecond early.
  expect(Math.min(asked[1]! - asked[0]!, asked[2]! - asked[1]!)).toBeGreaterThanOrEqual(149);
});

test('the end of the process cuts short the time that a store asked for', async () => {
  const { handle, ending, calls } = setup(() => {
    setImmediate(() => ending.abort());
    throw new StoreError('503', true, { retryAfterMs: 300_000 });
  });
  await expect(handle([received(batch('n', 1))])).rejects.toBeInstanceOf(EndingError);
  expect(calls).toEqual({ write: 1, publish: 0 });
});

test('what a call was handed stays as it is until it has ended, and after an error for good', async () => {
  const { context, ending } = setup(() => {});
  const running: { batch: WindowBatch; end: (error?: Error) => void }[] = [];
  const write = (batches: readonly WindowBatch[]) =>
    new Promise<void>((resolve, reject) => {
      running.push({ batch: batches[0]!, end: (error) => (error ? reject(error) : resolve()) });
    });
  const handle = createHandler({ ...context, store: { write } });
  const figures = (n: number) => Array.from(running[n]!.batch.cgroups!.dentriesAllocated, Number);
  const windowOf = (value: bigint) => received({ ...batch('n', 1), cgroups: columnsOf(value) });
  const calls = [1n, 2n].map((value) => handle([windowOf(value)]));
  expect([0, 1].map(figures)).toEqual([[1], [2]]);
  ending.abort();
  running[0]!.end(new StoreError('away', true));
  await expect(calls[0]).rejects.toThrow(EndingError);
  const third = handle([windowOf(3n)]);
  expect([0, 1, 2].map(figures)).toEqual([[1], [2], [3]]);
  running[1]!.end();
  await calls[1];
  const fourth = handle([windowOf(4n)]);
  // Only now the memory of the second call is that of another.
  expect([0, 1, 2, 3].map(figures)).toEqual([[1], [4], [3], [4]]);
  for (const { end } of running) end();
  await Promise.all([third, fourth]);
});

const columnsOf = (value: bigint) => ({ ids: [7n], dentriesAllocated: [value] }) as never;
