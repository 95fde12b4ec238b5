/** What the newest windows of a fleet cost an InfluxDB: how many questions, and how many rows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import { nodes } from '../src/influx/nodes.js';
import { Server } from '../src/influx/server.js';
import { T0, WINDOW, cap, window } from './fixtures.js';

const missing = requirePart('influx');
const MINUTE = 60_000;
const request = { sinceMs: T0, growthOverMs: 5 * MINUTE };

describe.skipIf(missing)('the nodes of InfluxDB 2.7', () => {
  let influx: RunningInflux;
  let count = 0;
  beforeAll(async () => void (influx = await startInflux()));
  afterAll(() => influx?.stop());

  const setUp = async () => {
    const { url, org, token } = influx;
    const options = { url, org, token, bucket: `b${count++}` };
    const { writer } = await openInfluxStore(options);
    const server = new Server(options);
    const asked = { questions: 0, rows: 0 };
    /** @param before called with the number of each question */
    const ask = async (before: (question: number) => Promise<void> = async () => {}) => {
      Object.assign(asked, { questions: 0, rows: 0 });
      return nodes(
        async (flux, columns) => {
          await before(++asked.questions);
          const rows = await server.query(flux, columns, cap().signal);
          asked.rows += rows.length;
          return rows;
        },
        options.bucket,
        request,
      );
    };
    return { writer, ask, asked };
  };
  const at = (node: string, startMs: number, seq = (startMs - T0) / WINDOW + 1) =>
    window({ node, bootId: node, seq, startMs, state: { nrDentry: BigInt(seq) } });
  const many = Array.from({ length: 30 }, (_, n) => `n${n}`);

  test('windows that come between two questions cost no question more', async () => {
    const { writer, ask, asked } = await setUp();
    await writer.write(many.flatMap((node) => [at(node, T0), at(node, T0 + WINDOW)]));
    await ask();
    const { questions } = asked;
    const found = await ask(async (question) => {
      if (question === 2) await writer.write(many.map((node) => at(node, T0 + 2 * WINDOW)));
    });
    expect(asked.questions).toBe(questions);
    expect(found.map(({ newest }) => newest.seq)).toEqual(many.map(() => 2n));
  });

  test('a clock that was set back: the window of the highest number is looked up', async () => {
    const { writer, ask } = await setUp();
    await writer.write([at('n', T0 + 2_000_000, 8), at('n', T0 + WINDOW, 9)]);
    expect((await ask()).map(({ newest }) => newest.seq)).toEqual([9n]);
  });

  test('growth: a node that is ahead and one that is long silent have no more read of the others', async () => {
    const { writer, ask, asked } = await setUp();
    const HOURS = 4;
    const newest = T0 + HOURS * 60 * MINUTE;
    const all = Array.from({ length: (HOURS * 60 * MINUTE) / WINDOW }, (_, n) => newest - n * WINDOW);
    await writer.write(many.flatMap((node) => all.map((ms) => at(node, ms))));
    await writer.write([at('silent', T0), at('silent', T0 + WINDOW), at('ahead', newest + 10 * MINUTE)]);
    const found = await ask();
    expect(found.map(({ newest: { node }, growthPerSecond }) => [node, growthPerSecond])).toEqual([
      ['ahead', undefined],
      ...many.map((node) => [node, 0.1]).sort(),
      ['silent', 0.1],
    ]);
    // Twice what they had in five minutes; and the newest of all, by time and by number.
    const ofFiveMinutes = many.length * ((5 * MINUTE) / WINDOW + 1);
    expect(asked.rows).toBeLessThan(2 * (ofFiveMinutes + many.length) + 20);
  });

  test('growth of a window that takes no time: none, and no error', async () => {
    const { writer, ask } = await setUp();
    await writer.write([{ ...at('n', T0), windowEndMs: BigInt(T0) }]);
    expect((await ask()).map(({ growthPerSecond }) => growthPerSecond)).toEqual([undefined]);
  });
});
