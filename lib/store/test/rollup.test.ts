/** Figures of cgroups that are summed up by the hour: exact, once, whatever comes again, comes late or dies. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { cgroupMetrics, createBatch, nodeMetrics } from '@dentryscope/contracts';
import type { NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import { openEmbeddedStore } from '@dentryscope/store';
import type { Reader, Writer } from '@dentryscope/store';
import { column } from './duckdb.js';
import { T0, cap, info, metric, named, series, top, total, window } from './fixtures.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-rollup-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'store-'));
const HOUR = 3_600_000;
const MINUTE = 60_000;
const HOURS = 6;
const CUT = T0 + 4 * HOUR;
const ALL = { fromMs: T0, toMs: T0 + HOURS * HOUR };

/** What the retention calls. @param dropMs windows before are dropped; left out: none */
async function rollUp(writer: Writer, beforeMs: number, dropMs = 0): Promise<number> {
  const { forget } = writer as Writer & { forget(beforeMs: number, dropMs: number): Promise<boolean> };
  let slices = 0;
  while (await forget.call(writer, beforeMs, dropMs)) slices++;
  return slices;
}

/** Of six hours a window every ten minutes: two nodes, one of which boots again and sees other counters then. */
const windows: readonly NodeBatch[] = Array.from({ length: HOURS * 6 }, (_, n) => [
  windowOf(n, 'n1', n < 15 ? 'boot-1' : 'boot-2', (at) => n < 15 || at % 3 > 0),
  windowOf(n, 'n2', 'boot-1', (at) => at % 5 > 0 || n % 7 === 0),
]).flat();

/** Two cgroups in every window and one in some; counters are sums of 64 bits and more, and often 0. */
function windowOf(n: number, node: string, bootId: string, seen: (at: number) => boolean): NodeBatch {
  const ids = n % 4 === 0 ? [7n, 8n, 9n] : [7n, 8n];
  const value = (at: number, id: bigint) =>
    (n + at + Number(id)) % 3 === 0 ? 0n : id === 8n ? BigInt(n * at + 1) : 2n ** 62n + BigInt(n * 1000 + at);
  const columns = cgroupMetrics.flatMap(({ column, kind }, at) =>
    seen(at)
      ? [[column, ids.map((id) => (kind === 'gauge' ? BigInt(n * 10 + at) + id : value(at, id)))]]
      : [],
  );
  const startMs = BigInt(T0 + n * 10 * MINUTE);
  return createBatch({
    ...{
      cluster: 'c1',
      node,
      bootId,
      seq: BigInt(n + 1),
      windowStartMs: startMs,
      windowEndMs: startMs + 600_000n,
    },
    state: { nrDentry: BigInt(1000 + n) },
    cgroups: { ids, ...Object.fromEntries(columns) },
    cgroupInfos: [info(7n, '/a', 'pod-a', 'c-a'), info(8n, '/b', 'pod-b', 'c-b')],
  } as NodeBatchInit);
}

const ranges = [
  ALL,
  { fromMs: T0 + HOUR, toMs: T0 + 3 * HOUR },
  { fromMs: T0 + 2 * HOUR, toMs: T0 + 5.5 * HOUR },
];

/** Every figure, over ranges before the cut and across it. */
async function answers(reader: Reader) {
  const found: Record<string, unknown> = {};
  for (const metric of [...cgroupMetrics, ...nodeMetrics])
    for (const [n, range] of ranges.entries()) {
      const asked = { metric, ...range };
      const by = metric.level === 'node' ? 'node' : 'cgroup';
      const { total, rows } = await top(reader, by, asked);
      const steps = await series(reader, { ...asked, stepMs: metric.level === 'node' ? 10 * MINUTE : HOUR });
      found[`${metric.name} ${n}`] = { total, rows, steps };
    }
  return found;
}

async function filled(directory = fresh()) {
  const store = await openEmbeddedStore({ directory });
  await store.writer.write(windows);
  return { ...store, directory };
}

test('every figure is the same before and after, over ranges before the cut and across it', async () => {
  const { writer, reader, close, directory } = await filled();
  const before = await answers(reader);
  expect(await rollUp(writer, CUT)).toBe(4);
  expect(await answers(reader)).toEqual(before);
  expect(await rollUp(writer, CUT)).toBe(0);
  await close();
  for (const table of ['figures', 'live', 'reclaim', 'waits'])
    expect(await column(directory, `SELECT min(start_ms) FROM ${table}`)).toEqual([BigInt(CUT)]);
  const rows = await column(directory, 'SELECT count(*)::INTEGER FROM hours');
  const keys = new Set(
    windows
      .filter(({ windowStartMs }) => windowStartMs < BigInt(CUT))
      .flatMap(({ node, bootId, windowStartMs, cgroups }) =>
        cgroups!.ids.map((id) => `${node} ${bootId} ${id} ${((Number(windowStartMs) - T0) / HOUR) | 0}`),
      ),
  );
  expect(rows).toEqual([keys.size]);
  const sums = before['dentries_allocated 0'] as { total: bigint };
  expect(sums.total).toBeGreaterThan(2n ** 64n);
});

test('windows that come again add nothing; one that comes late is added, once, and joins its hour', async () => {
  const directory = fresh();
  const late = windows.filter((_, n) => n === 3 || n === 20);
  const early = windows.filter((one) => !late.includes(one));
  const whole = await filled();
  const wanted = await answers(whole.reader);
  await whole.close();
  const { writer, reader, close } = await openEmbeddedStore({ directory });
  await writer.write(early);
  await rollUp(writer, CUT);
  const before = await answers(reader);
  await writer.write(early);
  expect(await answers(reader)).toEqual(before);
  expect(before).not.toEqual(wanted);
  await writer.write(late);
  await writer.write(late);
  expect(await answers(reader)).toEqual(wanted);
  expect(await rollUp(writer, CUT)).toBe(2);
  expect(await answers(reader)).toEqual(wanted);
  await writer.write(windows);
  expect(await rollUp(writer, CUT)).toBe(0);
  expect(await answers(reader)).toEqual(wanted);
  await close();
  expect(
    await column(directory, 'SELECT count(*) - count(DISTINCT (boot, start_ms, cgroup)) FROM hours'),
  ).toEqual([0n]);
});

test('a name that comes late is the name of rolled up hours too', async () => {
  const { writer, reader, close } = await filled();
  await rollUp(writer, T0 + HOURS * HOUR);
  await writer.writeNames([named('pod-a', 'c-a', 'main')]);
  const { rows } = await top(reader, 'pod', { ...ALL, filter: { namespace: 'shop' } });
  const wanted = await total(reader, { ...ALL, filter: { cgroup: '7' } });
  expect(rows.map(({ owner, value }) => [owner.pod, value])).toEqual([['web-1', wanted]]);
  await close();
});

test('a range or step that cuts a rolled up hour is answered for whole hours, and says so', async () => {
  const { writer, reader, close } = await filled();
  await rollUp(writer, CUT);
  const cut = { fromMs: T0 + 0.5 * HOUR, toMs: T0 + 1.3 * HOUR };
  const whole = { fromMs: T0, toMs: T0 + 2 * HOUR };
  const { widened, total: sum } = await top(reader, 'node', cut);
  expect(widened).toEqual(whole);
  expect(sum).toBe(await total(reader, whole));
  const request = { metric: metric('dentries_freed'), filter: {}, stepMs: 10_000 };
  const asked = await reader.series({ ...request, ...cut }, cap());
  expect(asked).toMatchObject({ widened: { ...whole, stepMs: HOUR } });
  expect(asked.steps).toEqual((await reader.series({ ...request, ...whole, stepMs: HOUR }, cap())).steps);
  // Across the cut the end stays as it was asked.
  const across = { fromMs: CUT - 1, toMs: CUT + 10 * MINUTE };
  expect((await top(reader, 'node', across)).widened).toEqual({ ...across, fromMs: CUT - HOUR });
  // What is still raw is answered as asked, and so are figures of nodes.
  const raw = await reader.series({ ...request, fromMs: CUT, toMs: CUT + 30 * MINUTE }, cap());
  expect([raw.widened, raw.steps.length]).toEqual([undefined, 3]);
  const ofNode = await reader.series({ ...request, ...cut, metric: metric('node_dentries') }, cap());
  expect([ofNode.widened, ofNode.steps.length]).toEqual([undefined, 5]);
  await close();
});

test('past their own retention hours and windows go together; without one nothing is rolled up', async () => {
  const { writer, reader, close, directory } = await filled();
  await rollUp(writer, CUT, T0 + 2 * HOUR);
  const wanted = await total(reader, { ...ALL, fromMs: T0 + 2 * HOUR });
  expect(await total(reader, ALL)).toBe(wanted);
  // Windows that come again from before are dropped again.
  await writer.write(windows);
  await rollUp(writer, CUT, T0 + 2 * HOUR);
  expect(await total(reader, ALL)).toBe(wanted);
  await rollUp(writer, CUT, CUT);
  await close();
  for (const table of ['windows', 'figures'])
    expect(await column(directory, `SELECT min(start_ms) FROM ${table}`)).toEqual([BigInt(CUT)]);
  expect(await column(directory, 'SELECT count(*) FROM hours')).toEqual([0n]);
});

test('cgroups, boots and names that only rolled up hours refer to are kept', async () => {
  const { writer, reader, close } = await filled();
  await writer.writeNames([named('pod-a', 'c-a', 'main'), named('pod-b', 'c-b', 'side')]);
  const before = (await top(reader, 'container', ALL)).rows;
  for (let round = 0; round < 3; round++) await rollUp(writer, T0 + HOURS * HOUR + round * HOUR);
  expect((await top(reader, 'container', ALL)).rows).toEqual(before);
  expect(before.map(({ owner }) => owner.container).sort()).toContain('side');
  await close();
});

test('the retention of the process that writes rolls up', async () => {
  const { close, reader: first, directory } = await filled();
  const wanted = await answers(first);
  await close();
  const onDropped = vi.fn();
  const onError = vi.fn();
  const rawMs = Date.now() - CUT;
  const retention = { rawMs, rollupMs: rawMs + 100 * HOUR, everyMs: 5, onError, onDropped };
  const store = await openEmbeddedStore({ directory, retention });
  await expect.poll(() => onDropped.mock.calls.length).toBe(1);
  expect(await answers(store.reader)).toEqual(wanted);
  await store.close();
  expect(onError).not.toHaveBeenCalled();
  expect(await column(directory, 'SELECT min(start_ms) FROM figures')).toEqual([BigInt(CUT)]);
});

test('SIGKILL before any statement of it: each window is in its hour or raw, never both, never neither', async () => {
  const { reader: first, close: closeFirst, directory } = await filled();
  const asked = { ...ALL, stepMs: HOUR, metric: metric('dentries_freed') };
  const wanted = await series(first, asked);
  await closeFirst();
  const script = fileURLToPath(new URL('child-roller.mjs', import.meta.url));
  let killed = 0;
  for (let ended = false; !ended;) {
    const args = [script, directory, String(CUT), String(killed + 1)];
    const { signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    ended = stdout === 'done\n';
    if (!ended) expect([signal, ++killed]).toEqual(['SIGKILL', killed]);
    const { reader, close } = await openEmbeddedStore({ directory });
    expect(await series(reader, asked), `killed at ${killed}`).toEqual(wanted);
    await close();
    expect(await column(directory, 'SELECT count(DISTINCT start_ms)::INTEGER FROM hours')).toEqual([
      ended ? 1 : 0,
    ]);
    const oldest = T0 + (ended ? HOUR : 0);
    expect(await column(directory, 'SELECT min(start_ms) FROM figures')).toEqual([BigInt(oldest)]);
  }
  // Begin, look, sum up, insert, delete from five tables, note, commit: fewer would mean that it was not looked into.
  expect(killed).toBeGreaterThan(10);
}, 120_000);

test('a file of layout 2 is moved on, and rolled up', async () => {
  const { reader: first, close, directory } = await filled();
  const wanted = await answers(first);
  await close();
  for (const statement of [
    'DROP TABLE hours',
    'ALTER TABLE meta DROP COLUMN rolled_ms',
    'UPDATE meta SET version = 2',
  ])
    await column(directory, statement);
  const { writer, reader, close: closeAgain } = await openEmbeddedStore({ directory });
  expect(await answers(reader)).toEqual(wanted);
  expect(await rollUp(writer, CUT)).toBe(4);
  await writer.write(windows);
  expect(await answers(reader)).toEqual(wanted);
  await closeAgain();
  expect(await column(directory, 'SELECT version FROM meta')).toEqual([3]);
});

test('a window without cgroups does no harm', async () => {
  const { writer, reader, close } = await openEmbeddedStore({ directory: fresh() });
  await writer.write([window({}), window({ seq: 2, figures: { 7: 5n } })]);
  expect(await rollUp(writer, CUT)).toBe(1);
  expect(await total(reader)).toBe(5n);
  await close();
});
