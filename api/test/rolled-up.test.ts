/** Hours that the embedded store has rolled up: the answer says from when to when it is, and by which steps. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Writer } from '@dentryscope/store';
import { NOW, openApi, windowOf } from './harness.js';
import type { TestApi } from './harness.js';

const HOUR = 3_600_000;
let api: TestApi;

/** A window every half hour of the last six hours; what is older than two hours is rolled up. */
beforeAll(async () => {
  api = await openApi();
  const batches = Array.from({ length: 12 }, (_, n) =>
    windowOf({
      node: 'n',
      startMs: NOW - 6 * HOUR + n * (HOUR / 2),
      allocated: { 7: BigInt(2 ** n) },
      state: { nrDentry: BigInt(n) },
    }),
  );
  await api.store.writer.write(batches);
  const writer = api.store.writer as Writer & { forget(beforeMs: number, dropMs: number): Promise<boolean> };
  while (await writer.forget(NOW - 2 * HOUR, 0));
});
afterAll(() => api?.close());

const asked = 'from=2026-11-21T07:30:00Z&to=2026-11-21T08:10:00Z';
const answered = { from: '2026-11-21T07:00:00.000Z', to: '2026-11-21T09:00:00.000Z' };

test('top', async () => {
  const { json } = await api.get(`/v1/top?metric=dentries_allocated&by=cgroup&${asked}`);
  expect(json).toMatchObject({ ...answered, total: 4 + 8 + 16 + 32 });
});

test('series', async () => {
  const { json } = await api.get(`/v1/series?metric=dentries_allocated&step=1m&${asked}`);
  expect(json).toMatchObject({ ...answered, stepMs: HOUR });
  expect(json.points).toEqual([
    { time: answered.from, value: 4 + 8 },
    { time: '2026-11-21T08:00:00.000Z', value: 16 + 32 },
  ]);
});

test('gaps are those of what is answered', async () => {
  const { json } = await api.get(`/v1/series?metric=dentries_allocated&step=1m&${asked}`);
  const times = json.gaps.map(({ from, to }: { from: string; to: string }) => [
    from.slice(11, 19),
    to.slice(11, 19),
  ]);
  expect(times).toEqual([
    ['07:00:10', '07:30:00'],
    ['07:30:10', '08:00:00'],
    ['08:00:10', '08:30:00'],
    ['08:30:10', '09:00:00'],
  ]);
});

test('figures of nodes, and what is not rolled up, are answered as asked', async () => {
  const node = await api.get(`/v1/series?metric=node_dentries&step=10m&${asked}`);
  const values = node.json.points.map(({ value }: { value: number | null }) => value);
  expect([node.json.from, values]).toEqual(['2026-11-21T07:30:00.000Z', [3, null, null, 4]]);
  const recent = await api.get('/v1/series?metric=dentries_allocated&from=2026-11-21T10:30:00Z&step=30m');
  expect(recent.json.points.map(({ value }: { value: number | null }) => value)).toEqual([512, 1024, 2048]);
});
