/** `publish`: a feed that goes on, one that is ended, a file that is cut short, and a transport that is not there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { batchFromJson, batchToJson } from '@dentryscope/contracts';
import { Cli, endAll, eventually } from './lib/cli.js';
import { pastFleet } from './lib/fleet.js';
import { scratch } from './lib/scratch.js';
import { quickly } from './lib/services.js';

const dir = scratch();
afterEach(endAll);
afterAll(dir.remove);

const env = (name: string) => ({ ...quickly, DENTRYSCOPE_DATA_DIR: join(dir.path, name) });
const fleet = pastFleet(4);
const line = (window: number) => `${batchToJson(fleet.window(window)[0]!)}\n`;
const linesOf = ({ stdout }: Cli) => stdout.split('\n').slice(0, -1);

it('a window of a live feed is published before the next one comes; a signal ends the wait for it', async () => {
  const feed = Cli.start(['publish', '-'], env('live'));
  const tail = Cli.start(['tail'], env('live'));
  for (const window of [0, 1, 2]) {
    feed.inputSome(line(window));
    await eventually(() => (linesOf(tail).length === window + 1 ? true : undefined));
  }
  expect(linesOf(tail).map((text) => batchFromJson(text).seq)).toEqual(
    [0, 1, 2].map((window) => fleet.window(window)[0]!.seq),
  );
  // What was said last is not lost by the signal.
  feed.inputSome(line(3));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await feed.end('SIGTERM')).toEqual({ code: 130, signal: null });
  expect(feed.stderr).toMatch(/ended before it was done; 4 windows published to embedded.*first 4 lines/);
  await eventually(() => (linesOf(tail).length === 4 ? true : undefined));
});

it('a signal in the middle of a file: the interrupted status, and how much of it is published', async () => {
  const file = join(dir.path, 'long.jsonl');
  writeFileSync(file, line(0).repeat(50_000));
  const cli = Cli.start(['publish', file, '--transport', 'stdout'], env('long'));
  await cli.says(/windowStartMs/);
  expect(await cli.end('SIGTERM')).toEqual({ code: 130, signal: null });
  const [, windows, lines] = /done; (\d+) windows published to stdout.*first (\d+) lines/.exec(cli.stderr)!;
  expect(windows).toBe(lines);
  expect(Number(windows)).toBeLessThan(50_000);
  expect(linesOf(cli)).toHaveLength(Number(windows));
});

it('a line that is no window ends it also where more could come, and empty ones are counted', async () => {
  const cli = Cli.start(['publish', '-'], env('bad'));
  cli.inputSome(`${line(0)}\n\n{}\n`);
  expect((await cli.exited).code).toBe(1);
  expect(cli.stderr).toMatch(/line 4 is no NodeBatch/);
  const tail = Cli.start(['tail'], env('bad'));
  await eventually(() => (linesOf(tail).length === 1 ? true : undefined));
});

it('a broker that is not there is waited for once: 30 s, not twice that', { timeout: 120_000 }, async () => {
  const away = { DENTRYSCOPE_TRANSPORT: 'kafka', DENTRYSCOPE_KAFKA_BROKERS: '127.0.0.1:1' };
  const cli = Cli.start(['publish', '-'], { ...env('away'), ...away });
  const before = Date.now();
  cli.input(line(0).repeat(300));
  expect((await cli.exited).code).toBe(1);
  expect(cli.stderr).toMatch(/DENTRYSCOPE_KAFKA_BROKERS/);
  expect(Date.now() - before).toBeGreaterThan(29_000);
  expect(Date.now() - before).toBeLessThan(50_000);
});
