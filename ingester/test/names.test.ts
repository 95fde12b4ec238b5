/** Faults of a store in their order, which a real one can't be made to show at will. */
import { createMetrics, NameWriter, Trouble } from '@dentryscope/ingester';
import { Registry, createLogger } from '@dentryscope/runtime';
import { StoreError } from '@dentryscope/store';
import type { ContainerName } from '@dentryscope/store';
import { expect, test } from 'vitest';

const name = (n: number, workload = 'Pod/p'): ContainerName => ({
  podUid: `uid-${n}`,
  containerId: '',
  namespace: 'default',
  pod: `p-${n}`,
  container: '',
  workload,
});

function setup(writeNames: (names: readonly ContainerName[]) => void | Promise<void>) {
  const written = new Map<string, ContainerName>();
  const ending = new AbortController();
  const trouble = new Trouble();
  const metrics = createMetrics(new Registry());
  const names = new NameWriter({
    store: {
      writeNames: async (more) => {
        await writeNames(more);
        for (const one of more) written.set(one.podUid, one);
      },
    },
    metrics,
    logger: createLogger('test', 'fatal'),
    trouble,
    signal: ending.signal,
    backoff: { firstMs: 1, mostMs: 4 },
  });
  return { names, written, ending, trouble, metrics };
}

test('5,000 names arrive, in pieces, through a store that fails half of the time', async () => {
  let calls = 0;
  const sizes: number[] = [];
  const { names, written, trouble } = setup((more) => {
    sizes.push(more.length);
    if (calls++ % 2 === 0) throw new StoreError('away', true);
  });
  names.add(Array.from({ length: 5000 }, (_, n) => name(n)));
  await names.flush();
  expect(written.size).toBe(5000);
  expect(Math.max(...sizes)).toBe(1000);
  expect(trouble.status()).toEqual({ ok: true });
});

test('a name that changes while it is being written is written again', async () => {
  const { names, written } = setup(async (more) => {
    if (more[0]!.workload === 'ReplicaSet/web-1') names.add([name(1, 'Deployment/web')]);
  });
  names.add([name(1, 'ReplicaSet/web-1')]);
  await names.flush();
  expect(written.get('uid-1')?.workload).toBe('Deployment/web');
  expect(names.waiting).toBe(0);
});

test('a name that the store will never take holds up no other', async () => {
  const { names, written, metrics } = setup((more) => {
    if (more.some(({ podUid }) => podUid === 'uid-7')) throw new StoreError('never', false);
  });
  names.add(Array.from({ length: 100 }, (_, n) => name(n)));
  await names.flush();
  expect(written.size).toBe(99);
  expect((await metrics.namesRefused.get()).values[0]?.value).toBe(1);
});

test('what waits is shown, kept, and written when the store is back', async () => {
  let away = true;
  const { names, written, trouble } = setup(() => {
    if (away) throw new StoreError('no route to host', true);
  });
  names.add([name(1)]);
  await expect
    .poll(() => trouble.status().detail)
    .toContain('does not take names, trying again: no route to host');
  names.add([name(2)]);
  expect(names.waiting).toBe(2);
  away = false;
  await expect.poll(() => written.size).toBe(2);
  expect(trouble.status()).toEqual({ ok: true });
});

test('at the end of the process one more try is made', async () => {
  const { names, written, ending } = setup(() => {});
  ending.abort();
  names.add([name(1)]);
  await names.flush();
  expect(written.size).toBe(1);
});
