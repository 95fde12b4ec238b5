/** The roll-up of InfluxDB in trouble: whatever dies meanwhile, an hour that counts as rolled up is right. */
import { describe, expect, test, vi } from 'vitest';
import { requirePart } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import type { InfluxOptions } from '@dentryscope/store';
import { FaultProxy } from './fault-proxy.js';
import { T0, total, window } from './fixtures.js';
import { CUT, DAY, DUE, HOUR, names, rollUps } from './rolled-fleet.js';

const missing = requirePart('influx');

describe.skipIf(missing)('the roll-up of InfluxDB 2.7 in trouble', () => {
  const on = rollUps();

  const withLines = (options: InfluxOptions, requestLines: number): InfluxOptions => ({
    ...options,
    rollup: { ...options.rollup!, requestLines },
  });

  const other = names.map((name) => ({ ...name, workload: `${name.workload}-old` }));
  const stranger = `cgroup_hours,cluster=c1,node=n1,workload=Deployment/gone dentries_allocated=5i ${T0}`;

  /** A bucket of hours in which another process has ended in the middle of one, with names that have changed since. */
  const beginAnew = async ({ bucket, writer }: Awaited<ReturnType<typeof on.filled>>) => {
    await on.operator().deleteBucket(`${bucket}_hours`);
    await on.operator().makeBucket(`${bucket}_hours`);
    await on.operator().writeLines(`${bucket}_hours`, [stranger]);
    await writer.writeNames(other);
  };

  test(
    'cut off at each of its requests, before or after: the next one ends with the same, names that changed meanwhile too',
    { timeout: 600_000 },
    async () => {
      const store = await on.filled();
      const proxy = await FaultProxy.start(store.options.url);
      const { clock, writer } = store;
      const options = withLines(store.options, 2);
      clock.nowMs = DUE - HOUR;
      const wanted = await on.sums(options, { windows: true, toMs: CUT - HOUR });
      expect(wanted[0]).toBeGreaterThan(0n);
      const cut = async (request: number, after: boolean) => {
        await beginAnew(store);
        proxy.cutAt(request, after);
        return await on.roll({ ...options, url: proxy.url }).catch((error: unknown) => error);
      };
      let cuts = 0;
      for (; ; cuts += 1) {
        const error = await cut((cuts >> 1) + 1, cuts % 2 === 1);
        if (Array.isArray(error)) break;
        expect(error).toMatchObject({ name: 'StoreError', retryable: true });
        await writer.writeNames(names);
        await on.roll(options);
        expect(await on.sums(options, { toMs: CUT - HOUR })).toEqual(wanted);
      }
      // Of two hours: their nodes, three times their cgroups, nodes' figures twice, writes of two lines, totals, mark.
      expect(cuts / 2).toBeGreaterThanOrEqual(2 * 12);
      await Promise.all([store.close(), proxy.close()]);
    },
  );

  test(
    'two at once, one of which is cut off at any of its requests: the hours are right',
    { timeout: 600_000 },
    async () => {
      const store = await on.filled();
      const proxy = await FaultProxy.start(store.options.url);
      store.clock.nowMs = DUE - HOUR;
      const options = withLines(store.options, 2);
      const wanted = await on.sums(options, { windows: true, toMs: CUT - HOUR });
      for (let at = 1; at <= 40; at += 1) {
        await beginAnew(store);
        proxy.cutAt(at, at % 2 === 0);
        await Promise.all([
          on.roll({ ...options, url: proxy.url }).catch(() => []),
          on.roll(options).catch(() => []),
          store.writer.writeNames(names),
        ]);
        await on.roll(options);
        expect(await on.sums(options, { toMs: CUT - HOUR })).toEqual(wanted);
      }
      await Promise.all([store.close(), proxy.close()]);
    },
  );

  test('what the bucket of hours would not take is not rolled up, and does not hold up what it takes', async () => {
    const { options, bucket, reader, close } = await on.setUp();
    const nowMs = Math.floor(Date.now() / HOUR) * HOUR;
    const [old, young] = [nowMs - 40 * DAY, nowMs - 7 * DAY];
    await on.operator().makeBucket(`${bucket}_hours`, (30 * DAY) / 1000);
    const plain = await openInfluxStore({ ...options, rollup: undefined });
    for (const [seq, startMs] of [0, old, young].entries())
      await plain.writer.write([window({ seq: seq + 1, startMs, figures: { 7: BigInt(seq + 1) } })]);
    await plain.close();
    const now = () => nowMs;
    expect(await on.roll({ ...options, now })).toEqual([{ hourMs: young, nodes: 1, points: 1 }]);
    expect(await on.roll({ ...options, now })).toEqual([]);
    const hours = await openInfluxStore({ ...options, now });
    expect(await hours.census.rolledUntilMs()).toBe(nowMs - 6 * DAY - HOUR);
    await on.operator().delete(bucket, ['cgroup'], 0, nowMs);
    expect(await total(hours.reader, { fromMs: young, toMs: nowMs })).toBe(3n);
    expect(await total(reader, { fromMs: young, toMs: nowMs })).toBe(0n);
    await Promise.all([hours.close(), close()]);
  });

  test('an hour that can never be right is told of, and nothing counts as rolled up', async () => {
    const { options, clock, bucket, census, close } = await on.filled();
    clock.nowMs = DUE;
    await on.operator().makeBucket(`${bucket}_hours`);
    // Without the line of its node nobody looks for the cgroups of it.
    await on
      .operator()
      .writeLines(bucket, [`cgroup,boot=b,cgroup=7,cluster=c9,node=n9 dentries_allocated=5i ${T0}`]);
    await expect(on.roll(options)).rejects.toThrow(
      /the hour of 2026-01-01T00.* comes to .*, its windows to /,
    );
    expect(await census.rolledUntilMs()).toBeUndefined();
    await close();
  });

  test('clocks: one that is ahead rolls up nothing; a point of one that was is told of', async () => {
    const { options, bucket, close } = await on.setUp();
    const { now, ...real } = options;
    const ahead = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 2 * HOUR);
    await expect(on.roll(real)).rejects.toThrow(/clock is 7[12]\d\d s ahead of InfluxDB's/);
    ahead.mockRestore();
    expect(await on.roll(real)).toEqual([]);
    const untilMs = now!() + HOUR;
    await on.operator().writeLines(`${bucket}_hours`, [`rolled until_ms=${untilMs}i ${untilMs - HOUR}`]);
    await expect(on.roll(options)).rejects.toThrow(
      /rolled up to 2026-01-02T01.*, which is ahead of this clock/,
    );
    await close();
  });

  test('a token that is for the bucket of windows only: the setting of the other is named', async () => {
    const { options, clock, bucket, close } = await on.filled();
    const { buckets } = (await on.operator().request(`buckets?name=${bucket}`)) as {
      buckets: { id: string }[];
    };
    const token = await on.operator().tokenFor(['read', 'write'], buckets[0]!.id);
    clock.nowMs = DUE;
    await expect(on.roll({ ...options, token })).rejects.toThrow(
      /_hours \(DENTRYSCOPE_INFLUX_ROLLUP_BUCKET\) that/,
    );
    await close();
  });
});
