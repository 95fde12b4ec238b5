/** Sums past 2^53 keep every digit, from the store to the last byte of the answer. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApi, windowOf } from './harness.js';
import type { TestApi } from './harness.js';

const LARGEST_DELTA = 1n << 53n; // checkBatch lets no more into one window
const SUM = 3n * LARGEST_DELTA + 1n; // 27021597764222977: a double holds ...976
const LARGEST_ID = '18446744073709551615';
let api: TestApi;

beforeAll(async () => {
  api = await openApi();
  const windows = [LARGEST_DELTA, LARGEST_DELTA, LARGEST_DELTA, 1n];
  const batches = windows.map((value, ago) =>
    windowOf({ node: 'n', ago, allocated: { [LARGEST_ID]: value } }),
  );
  await api.store.writer.write(batches);
});
afterAll(() => api?.close());

test('top', async () => {
  expect(Number(SUM).toString()).not.toBe(SUM.toString());
  const { body } = await api.get('/v1/top?metric=dentries_allocated');
  expect(body).toContain(`"total":${SUM},`);
  expect(body).toContain(`"value":${SUM}}`);
});

test('ids are strings', async () => {
  const { json } = await api.get('/v1/top?metric=dentries_allocated');
  expect(json.items[0].cgroupId).toBe(LARGEST_ID);
});

test('series as JSON and as CSV', async () => {
  const url = '/v1/series?metric=dentries_allocated&from=1m&step=1m';
  expect((await api.get(url)).body).toContain(`"value":${SUM}}`);
  expect((await api.get(`${url}&format=csv`)).body).toContain(`,${SUM}\r\n`);
});
