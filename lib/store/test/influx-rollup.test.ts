/** Hours in InfluxDB: what windows came to, exactly, once the windows are gone. */
import { describe, expect, test } from 'vitest';
import { requirePart } from '@dentryscope/lab';
import { openInfluxRollup, openInfluxStore } from '@dentryscope/store';
import { T0, cap, metric, top, total, window } from './fixtures.js';
import { ALL, CUT, DAY, DUE, HOUR, HOURS, KEPT, MINUTE, answers, rollUps } from './rolled-fleet.js';

const missing = requirePart('influx');

describe.skipIf(missing)('InfluxDB 2.7, rolled up by the hour', () => {
  const on = rollUps();

  test('every figure by node, namespace and workload is the same when the windows are gone', async () => {
    const { options, clock, reader, bucket, close } = await on.filled();
    const before = await answers(reader);
    expect((before['dentries_allocated workload 0 {}'] as { steps: unknown[] }).steps).toHaveLength(HOURS);
    clock.nowMs = DUE - 1;
    expect(await on.roll(options)).toHaveLength(2);
    clock.nowMs = DUE;
    // A node's line each; of workloads web and db, and the one without a name where cgroup 9 is.
    expect(await on.roll(options)).toEqual([{ hourMs: T0 + 2 * HOUR, nodes: 3, points: 3 + 3 * 3 }]);
    expect(await answers(reader)).toEqual(before);
    await on.drop(bucket, CUT);
    expect(await answers(reader)).toEqual(before);
    expect(await on.roll(options)).toEqual([]);
    await close();
  });

  test('a window that comes when its hour may be rolled up is left out and told of; its neighbours are in', async () => {
    const { writer, reader, census, clock, close } = await on.setUp();
    const told: [number, string][] = [];
    census.onExpired((points, why) => void told.push([points, why]));
    clock.nowMs = T0 + KEPT - DAY + 1;
    const [late, inTime] = [
      window({ seq: 1, figures: { 7: 1n, 8: 2n } }),
      window({ seq: 2, figures: { 7: 4n } }),
    ];
    const poison = window({ seq: 3, figures: { 7: 1n << 63n } });
    const error = await writer.write([late, inTime, poison]).catch((error: unknown) => error);
    expect(told).toEqual([[3, '1 windows are older than 144 h: their hours may be rolled up already']]);
    expect(error).toMatchObject({ retryable: false, refused: [{ batch: 2 }] });
    expect(await total(reader)).toBe(4n);
    await close();
  });

  test('what hours cannot tell is answered from where windows are kept, and says so', async () => {
    const { options, clock, reader, bucket, close } = await on.filled();
    clock.nowMs = DUE;
    await on.roll(options);
    await on.drop(bucket, CUT);
    const asked = { ...ALL, toMs: T0 + HOURS * HOUR };
    // Windows are kept for a day longer than needed: all that the setting promises.
    clock.nowMs = CUT - 1 + KEPT;
    const widened = { fromMs: CUT, toMs: asked.toMs, stepMs: 0 };
    for (const by of ['pod', 'container', 'cgroup'] as const)
      expect((await top(reader, by, asked)).widened).toEqual(widened);
    const live = metric('live_dentries_estimate');
    expect(await top(reader, 'node', { ...asked, metric: live })).toMatchObject({ widened });
    const pod = {
      metric: metric('dentries_allocated'),
      filter: { pod: 'web-1' },
      stepMs: 50 * MINUTE,
      ...asked,
    };
    const steps = await reader.series(pod, cap());
    expect(steps.widened).toEqual({ fromMs: CUT, toMs: asked.toMs, stepMs: 50 * MINUTE });
    expect(steps.steps.map(({ startMs }) => startMs)).toEqual([CUT, CUT + 50 * MINUTE]);
    expect(await top(reader, 'pod', { ...asked, toMs: T0 + HOUR })).toEqual({
      rows: [],
      widened: { fromMs: T0 + HOUR, toMs: T0 + HOUR, stepMs: 0 },
    });
    await close();
  });

  test('gaps are known from where windows are kept on; before that nobody can tell', async () => {
    const { options, clock, reader, bucket, close } = await on.filled();
    clock.nowMs = DUE;
    await on.roll(options);
    const gaps = (fromMs: number) =>
      reader.gaps({ filter: { node: 'n 2' }, limit: 10, fromMs, toMs: ALL.toMs }, cap());
    expect(await gaps(T0)).toEqual([]);
    await on.drop(bucket, CUT);
    clock.nowMs = CUT - 1 + KEPT;
    expect(await gaps(T0)).toBeNull();
    expect(await gaps(CUT - 1)).toBeNull();
    expect(await gaps(CUT)).toEqual([]);
    await close();
  });

  test('steps become whole hours that end where windows begin; no step has both in it', async () => {
    const { options, clock, reader, close } = await on.filled();
    const whole = await reader.series(
      {
        metric: metric('dentries_allocated'),
        filter: {},
        stepMs: 2 * HOUR,
        fromMs: T0 - HOUR,
        toMs: ALL.toMs,
      },
      cap(),
    );
    clock.nowMs = DUE;
    await on.roll(options);
    const request = { filter: {}, stepMs: 90 * MINUTE, fromMs: T0 + 1, toMs: ALL.toMs };
    const found = await reader.series({ metric: metric('dentries_allocated'), ...request }, cap());
    expect(found.widened).toEqual({ fromMs: T0 - HOUR, toMs: ALL.toMs, stepMs: 2 * HOUR });
    expect(found.steps).toEqual(whole.steps);
    const gauge = await reader.series({ metric: metric('node_dentries'), ...request }, cap());
    expect(gauge.steps.map(({ startMs }) => startMs - T0)).toEqual([-HOUR, HOUR, 3 * HOUR]);
    await close();
  });

  test('nothing is rolled up where hours are kept no longer, and not where windows leave too early', async () => {
    const { options, bucket, close } = await on.setUp();
    expect(openInfluxRollup({ ...options, rollup: { bucket: 'x', retentionMs: KEPT } })).toBeUndefined();
    await on.operator().deleteBucket(bucket);
    await on.operator().makeBucket(bucket, (3 * DAY) / 1000);
    await expect(on.roll(options)).rejects.toThrow(
      /keeps windows 72 h, less than DENTRYSCOPE_RETENTION says \(168 h\)/,
    );
    await close();
  });

  test('where the roll-up was not run in time, an answer leaves out what is before the gap, and says so', async () => {
    const { options, clock, reader, bucket, close } = await on.filled();
    const asked = { ...ALL, toMs: T0 + HOURS * HOUR };
    const first = { fromMs: T0, toMs: T0 + HOUR };
    const [before, kept] = [
      await top(reader, 'node', first),
      await top(reader, 'node', { ...asked, fromMs: CUT }),
    ];
    clock.nowMs = DUE - 2 * HOUR;
    expect(await on.roll(options)).toHaveLength(1);
    clock.nowMs = CUT + KEPT;
    await on.drop(bucket, CUT);
    const widened = { fromMs: CUT, toMs: asked.toMs, stepMs: 0 };
    expect(await top(reader, 'node', asked)).toEqual({ ...kept, widened });
    expect(await top(reader, 'node', { ...asked, fromMs: T0 + 2 * HOUR })).toEqual({ ...kept, widened });
    expect(await top(reader, 'pod', asked)).toMatchObject({ widened });
    // The hours before it are there for who asks for them alone.
    expect(await top(reader, 'node', first)).toEqual({ ...before, widened: { ...first, stepMs: 0 } });
    await close();
  });

  test('a token that may read only, and no bucket of hours yet: windows answer', async () => {
    const { options, clock, bucket, close } = await on.filled();
    const { buckets } = (await on.operator().request(`buckets?name=${bucket}`)) as {
      buckets: { id: string }[];
    };
    const token = await on.operator().tokenFor(['read'], buckets[0]!.id);
    clock.nowMs = DUE;
    const reading = await openInfluxStore({ ...options, token });
    expect(await total(reading.reader, { fromMs: T0, toMs: CUT })).toBeGreaterThan(0n);
    await Promise.all([close(), reading.close()]);
  });
});
