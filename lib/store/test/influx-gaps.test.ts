/** Gaps of a fleet's day: more rows than one answer may have, and no more of them read than the question is about. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import type { InfluxStore } from '@dentryscope/store';
import { T0, WINDOW, cap } from './fixtures.js';
import { Operator } from './influx-operator.js';

const NODES = 13;
const WINDOWS = 8640;
const BUCKET = 'gaps';
/** One window of each node is missing, each at a time of its own; of node 7 those around the middle of the day. */
const missing = (node: number, n: number) =>
  node === 7 ? Math.abs(n - WINDOWS / 2) <= 2 : n === 600 * node + 300;

/** What is left of a batch when only this matters: to write 112,000 whole ones would take minutes. */
const line = (node: number, n: number) => {
  const startMs = T0 + n * WINDOW;
  return `node,boot=b,cluster=c,node=n${node} window_end_ms=${startMs + WINDOW}i,seq=${n + 1}i ${startMs}`;
};
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe.skipIf(requirePart('influx'))('InfluxDB 2.7: gaps of a day', () => {
  let influx: RunningInflux;
  let store: InfluxStore;
  beforeAll(async () => {
    influx = await startInflux();
    const { url, org, token } = influx;
    store = await openInfluxStore({ url, org, token, bucket: BUCKET });
    await store.reader.ping();
    for (const node of numbers(NODES)) {
      const lines = numbers(WINDOWS).flatMap((n) => (missing(node, n) ? [] : [line(node, n)]));
      await new Operator(influx).writeLines(BUCKET, lines);
    }
  }, 120_000);
  afterAll(async () => {
    await store?.close();
    await influx?.stop();
  });
  const gaps = async (from: number, to: number) => {
    const range = { fromMs: T0 + from * WINDOW, toMs: T0 + to * WINDOW };
    return (await store.reader.gaps({ filter: {}, limit: 1000, ...range }, cap()))!;
  };

  test('each is found once, and that over the middle of the day, where the answer is divided, as one', async () => {
    const found = await gaps(0, WINDOWS);
    const at = (ms: number) => (ms - T0) / WINDOW;
    const said = found.map((gap) => [gap.node, at(gap.fromMs), at(gap.toMs), gap.reason, gap.windows]);
    const expected = numbers(NODES).map((node) => {
      const from = node === 7 ? WINDOWS / 2 - 2 : 600 * node + 300;
      const windows = node === 7 ? 5 : 1;
      return [`n${node}`, from, from + windows, 'windows_missing', windows] as const;
    });
    expect(said).toEqual(expected.sort((a, b) => a[1] - b[1]));
  });

  test('five minutes cost what five minutes are, not the day before them too', async () => {
    const tookMs = async (from: number) => {
      const startedMs = performance.now();
      expect(await gaps(from, WINDOWS)).toHaveLength(from === 0 ? NODES : 0);
      return performance.now() - startedMs;
    };
    const ratios: number[] = [];
    for (let round = 0; round < 3; round++) ratios.push((await tookMs(WINDOWS - 30)) / (await tookMs(0)));
    expect(Math.min(...ratios)).toBeLessThan(1 / 4);
  });
});
