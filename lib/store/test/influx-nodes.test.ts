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
});
