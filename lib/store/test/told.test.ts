import { expect, test } from 'vitest';
import { latestInfos } from '../src/infos.js';
import { ToldLately, repeatMs } from '../src/influx/told.js';
import { info, window } from './fixtures.js';

const told = (...infos: ReturnType<typeof info>[]) => latestInfos([window({ cgroupInfos: infos })]);
const ids = (found: ReturnType<ToldLately['newIn']>) => found.map(({ told }) => told.info.id);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('what was written is not written again, until it changes or its part of the retention has gone', () => {
  let now = 100 * DAY + HOUR;
  const lately = new ToldLately(12 * HOUR, () => now);
  const first = told(info(7n, '/a'), info(8n, '/b'));
  expect(ids(lately.newIn(first))).toEqual([7n, 8n]);
  // A write that failed: nothing is kept.
  lately.add(lately.newIn(first));
  expect(ids(lately.newIn(first))).toEqual([]);
  expect(ids(lately.newIn(told(info(7n, '/a'), info(8n, '/b', 'uid'))))).toEqual([8n]);
  now += 10 * HOUR;
  expect(ids(lately.newIn(first))).toEqual([]);
  now += 2 * HOUR;
  expect(ids(lately.newIn(first))).toEqual([7n, 8n]);
});

test('of a week 14 copies are written, and each shard has one early in it', () => {
  const copies = (days: number) => {
    const start = 100 * DAY;
    let now = start;
    const lately = new ToldLately(repeatMs(days * DAY), () => now);
    const at: number[] = [];
    for (; now < start + days * DAY; now += 300_000) {
      const fresh = lately.newIn(told(info(7n, '/a')));
      lately.add(fresh);
      if (fresh.length > 0) at.push(now);
    }
    // The first is that of a process that starts.
    return at.slice(1).map((ms) => ms - start);
  };
  const every = (ms: number, count: number) => Array.from({ length: count }, (_, n) => n * ms + 300_000);
  expect(copies(7)).toEqual(every(12 * HOUR, 14));
  expect(copies(1 / 24)).toEqual(every(HOUR, 1));
  expect(copies(1.5)).toEqual(every(HOUR, 36));
  expect(copies(30)).toEqual(every(DAY, 30));
});

test('a cgroup that was removed is written once, though its agent repeats it while it holds dentries', () => {
  const lately = new ToldLately(HOUR, () => 0);
  lately.add(lately.newIn(told(info(7n, '/a'))));
  const gone = told(info(7n, '/a', '', '', true));
  expect(ids(lately.newIn(gone))).toEqual([7n]);
  lately.add(lately.newIn(gone));
  expect(ids(lately.newIn(gone))).toEqual([]);
  expect(ids(lately.newIn(told(info(7n, '/a'))))).toEqual([7n]);
});
