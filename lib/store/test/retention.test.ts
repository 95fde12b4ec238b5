/** What is older than the retention leaves the embedded store, and nothing else does. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test, vi } from 'vitest';
import { openEmbeddedStore } from '@dentryscope/store';
import { startChild } from './child.js';
import { column } from './duckdb.js';
import { T0, info, named, nodes, series, top, total, window } from './fixtures.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-retention-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'store-'));
const HOUR = 3_600_000;
const KILLS = 6;

/** The retention that makes `cutMs` the oldest that is kept, for as long as a test lasts. */
const keepFrom = (cutMs: number, onError = vi.fn()) => ({
  rawMs: Date.now() - cutMs,
  everyMs: 5,
  onError,
  onDropped: vi.fn(),
});

async function reopened(directory: string, cutMs: number) {
  const retention = keepFrom(cutMs);
  const store = await openEmbeddedStore({ directory, retention });
  return { ...store, retention };
}

const hourly = (hour: number, node = 'n1', bootId = 'boot-1') =>
  window({
    node,
    bootId,
    seq: hour + 1,
    startMs: T0 + hour * HOUR,
    figures: { 7: BigInt(2 ** hour), 8: 1n },
  });

test('whole windows go, over many steps; what is kept is exact; a write goes on beside it', async () => {
  const directory = fresh();
  const first = await openEmbeddedStore({ directory });
  await first.writer.write(Array.from({ length: 24 }, (_, hour) => hourly(hour)));
  await first.close();
  const { writer, reader, close, retention } = await reopened(directory, T0 + 20 * HOUR);
  await writer.write([hourly(24)]);
  const kept = [20, 21, 22, 23, 24];
  await expect
    .poll(async () => (await series(reader, { stepMs: HOUR, toMs: T0 + 48 * HOUR })).map(([at]) => at / HOUR))
    .toEqual(kept);
  expect(await total(reader, { toMs: T0 + 48 * HOUR })).toBe(
    kept.reduce((sum, hour) => sum + BigInt(2 ** hour) + 1n, 0n),
  );
  expect(retention.onError).not.toHaveBeenCalled();
  await close();
});

test('boots, cgroups and names go with the last that refers to them; a name that came first stays', async () => {
  const directory = fresh();
  const first = await openEmbeddedStore({ directory });
  const infos = (id: bigint, removed = false) => [info(id, `/p/${id}`, `pod-${id}`, `c-${id}`, removed)];
  await first.writer.write([
    { ...hourly(0, 'old'), cgroupInfos: window({ cgroupInfos: infos(7n) }).cgroupInfos },
    { ...hourly(1), cgroupInfos: window({ cgroupInfos: infos(9n) }).cgroupInfos },
    hourly(6),
    { ...hourly(10), cgroupInfos: window({ cgroupInfos: infos(8n) }).cgroupInfos },
  ]);
  await first.writer.writeNames(
    [7, 8, 9, 10].map((n) => named(`pod-${n}`, `c-${n}`, `main-${n}`, `web-${n}`)),
  );
  await first.close();
  const kept = [2n ** 6n + 2n ** 10n + 2n, 2n ** 10n + 1n];
  for (const [n, hour] of [5, 7].entries()) {
    const store = await reopened(directory, T0 + hour * HOUR);
    await expect.poll(() => total(store.reader)).toBe(kept[n]);
    await expect.poll(() => store.retention.onDropped.mock.calls.length).toBe(1);
    expect((await nodes(store.reader)).map(({ newest }) => newest.node)).toEqual(['n1']);
    await store.close();
    // The first time a cgroup that lives may still be told again, and must find its name.
    expect(await column(directory, 'SELECT count(*)::INTEGER FROM names')).toEqual([n === 0 ? 8 : 4]);
  }
  // The number of a boot that is gone is not given to two: the next two nodes are told apart.
  const third = await openEmbeddedStore({ directory });
  await third.writer.write([hourly(11, 'a'), hourly(12, 'b')]);
  const rows = (await top(third.reader, 'node')).rows.map(({ owner, value }) => [owner.node, value]);
  expect(rows).toEqual([
    ['b', 2n ** 12n + 1n],
    ['a', 2n ** 11n + 1n],
    ['n1', 2n ** 10n + 1n],
  ]);
  await third.close();
});

test('a window that comes again after it was dropped is dropped again', async () => {
  const { writer, reader, close } = await reopened(fresh(), T0 + 5 * HOUR);
  await writer.write([hourly(0), hourly(6)]);
  await writer.write([hourly(0)]);
  await expect.poll(() => total(reader)).toBe(2n ** 6n + 1n);
  await close();
});

test('the space of what was dropped is used again', async () => {
  const directory = fresh();
  const figures = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, n) => [n + 1, BigInt((n * 7919) % 1_000_003)]),
  );
  const sizes: number[] = [];
  for (let day = 0; day < 6; day++) {
    const store = await reopened(directory, T0 + day * 24 * HOUR);
    for (let n = 0; n < 8; n++)
      await store.writer.write([
        window({ seq: day * 8 + n + 1, startMs: T0 + (day * 24 + n) * HOUR, figures }),
      ]);
    await expect
      .poll(async () => (await series(store.reader, { stepMs: HOUR, toMs: T0 + 1000 * HOUR })).length, {
        timeout: 20_000,
      })
      .toBe(8);
    await store.close();
    sizes.push(statSync(join(directory, 'store.duckdb')).size);
  }
  expect(sizes.at(-1)).toBeLessThan(2 * sizes[1]!);
}, 180_000);

test('SIGKILL at any moment of writing, dropping and folding in: whole windows, none that was acknowledged is missing', async () => {
  const directory = fresh();
  const KEPT = 8;
  let next = 1;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = await startChild(directory, next, 'child-keeper.mjs');
    await child.acked(next + KEPT + 2);
    // Anywhere in a round: what it does in that time differs from one kill to the next.
    await sleep(7 * kill);
    await child.kill();
    const { reader, close } = await openEmbeddedStore({ directory });
    const steps = await series(reader, { stepMs: HOUR, toMs: T0 + 1e6 * HOUR });
    const rounds = steps.map(([at]) => at / HOUR);
    const newest = rounds.at(-1)!;
    expect(newest).toBeGreaterThanOrEqual(child.lastAcked);
    expect(newest).toBeLessThanOrEqual(child.lastAcked + 1);
    // One slice of dropping may be still to come after each write.
    expect(rounds.length).toBeGreaterThanOrEqual(KEPT + 1);
    expect(rounds.length).toBeLessThanOrEqual(KEPT + 2);
    expect(rounds).toEqual(rounds.map((_, n) => newest - rounds.length + 1 + n));
    expect(steps.map(([, sum]) => sum)).toEqual(rounds.map((round) => 20n * 500n * BigInt(round)));
    expect(
      await total(reader, { filter: { cgroup: `/r/${newest}/1` }, toMs: T0 + 1e6 * HOUR }),
    ).toBeGreaterThan(0n);
    await close();
    next = child.lastAcked;
  }
}, 120_000);
