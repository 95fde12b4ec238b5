import { expect, test } from 'vitest';
import { latestInfos } from '../src/infos.js';
import { ToldLately } from '../src/influx/told.js';
import { info, window } from './fixtures.js';

const told = (...infos: ReturnType<typeof info>[]) => latestInfos([window({ cgroupInfos: infos })]);
const ids = (found: ReturnType<ToldLately['newIn']>) => found.map(({ told }) => told.info.id);

test('what was written is not written again, until it changes or an hour has gone', () => {
  let now = 0;
  const lately = new ToldLately(() => now);
  const first = told(info(7n, '/a'), info(8n, '/b'));
  expect(ids(lately.newIn(first))).toEqual([7n, 8n]);
  // A write that failed: nothing is kept.
  lately.add(lately.newIn(first));
  expect(ids(lately.newIn(first))).toEqual([]);
  expect(ids(lately.newIn(told(info(7n, '/a'), info(8n, '/b', 'uid'))))).toEqual([8n]);
  now += 3_600_001;
  expect(ids(lately.newIn(first))).toEqual([7n, 8n]);
});

test('a cgroup that was removed is written, and forgotten', () => {
  const lately = new ToldLately(() => 0);
  lately.add(lately.newIn(told(info(7n, '/a'))));
  const gone = told(info(7n, '/a', '', '', true));
  expect(ids(lately.newIn(gone))).toEqual([7n]);
  lately.add(lately.newIn(gone));
  expect(ids(lately.newIn(told(info(7n, '/a'))))).toEqual([7n]);
});
