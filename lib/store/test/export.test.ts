/** The embedded store as Parquet: whole or not at all, equal to the store, and the store as it was. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mountSmallDisk } from '@dentryscope/lab';
import { exportParquet, openEmbeddedStore } from '@dentryscope/store';
import type { ExportOptions } from '@dentryscope/store';
import { startChild } from './child.js';
import { T0, WINDOW, info, named, window } from './fixtures.js';
import { ask } from './duckdb.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-export-'));
const disks: (() => void)[] = [];
afterAll(() => {
  for (const unmount of disks) unmount();
  rmSync(root, { recursive: true, force: true });
});
const fresh = () => mkdtempSync(join(root, 'd-'));
const files = ['figures.parquet', 'nodes.parquet'];

const exported = (directory: string, to: string, more: Partial<ExportOptions> = {}) =>
  exportParquet({ directory, to, overwrite: false, signal: new AbortController().signal, ...more });

async function storeOf(...windows: ReturnType<typeof window>[]): Promise<string> {
  const directory = fresh();
  const store = await openEmbeddedStore({ directory });
  await store.writer.write(windows);
  await store.close();
  return directory;
}

const from = (to: string, name: string) => `'${join(to, name)}'`;

describe('what is in it', () => {
  const to = fresh();
  let directory: string;
  beforeAll(async () => {
    directory = fresh();
    const store = await openEmbeddedStore({ directory });
    await store.writer.write([
      window({
        figures: { 0: [9n, 1n], 7: [5n, 0n], 8: [2n ** 63n - 1n, 3n] },
        state: { nrDentry: 0n } as never,
        cgroupInfos: [info(7n, '/pods/7', 'pod-7', 'c-7'), info(8n, '/pods/8', '', 'c-8')],
      }),
      window({ seq: 2, figures: { 7: 6n, 9: 0n } }),
      window({ seq: 3, live: { 7: [4n, 2n] } }),
      window({ seq: 4, node: 'quiet', bootId: "b'2", state: { nrDentry: 12n } as never }),
    ]);
    await store.writer.writeNames([named('pod-7', 'c-7', 'main')]);
    await store.close();
    const before = hash(directory);
    const done = await exported(directory, to);
    expect(hash(directory)).toBe(before);
    expect(done.map(({ name, rows }) => [name, rows])).toEqual([
      ['nodes.parquet', 4n],
      ['figures.parquet', 6n],
    ]);
  });

  const hash = (directory: string) =>
    createHash('sha256')
      .update(readFileSync(join(directory, 'store.duckdb')))
      .digest('hex');

  test('figures: each with its window and its names; what was not seen is NULL, and 0 is 0', async () => {
    const rows =
      await ask(`SELECT seq, cgroup_id, path, namespace, workload, pod, container, dentries_allocated AS a,
      dentries_freed AS f, live_dentries_estimate AS l, lock_contentions AS k
      FROM ${from(to, 'figures.parquet')} ORDER BY seq, cgroup_id`);
    const who = ['/pods/7', 'shop', 'Deployment/web', 'web-1', 'main'];
    const nobody = [null, null, null, null];
    expect(rows.map((row) => Object.values(row))).toEqual([
      [1n, 0n, '(overflow)', ...nobody, 9n, 1n, null, null],
      [1n, 7n, ...who, 5n, 0n, null, null],
      [1n, 8n, '/pods/8', null, null, null, 'c-8', 2n ** 63n - 1n, 3n, null, null],
      [2n, 7n, ...who, 6n, null, null, null],
      [2n, 9n, null, ...nobody, 0n, null, null, null],
      [3n, 7n, ...who, null, null, 4n, null],
    ]);
  });

  test('nodes: a window without figures too', async () => {
    const rows =
      await ask(`SELECT cluster, node, boot_id, seq, window_start_ms, window_end_ms, node_dentries, node_rcu_stalls
      FROM ${from(to, 'nodes.parquet')} ORDER BY seq`);
    const at = (seq: number) => [T0 + (seq - 1) * WINDOW, T0 + seq * WINDOW].map(BigInt);
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['c1', 'n1', 'boot-1', 1n, ...at(1), 0n, null],
      ['c1', 'n1', 'boot-1', 2n, ...at(2), null, null],
      ['c1', 'n1', 'boot-1', 3n, ...at(3), null, null],
      ['c1', 'quiet', "b'2", 4n, ...at(4), 12n, null],
    ]);
  });

  test('the files say what their figures mean, and are compressed with zstd', async () => {
    const [meta] =
      await ask(`SELECT decode(value) AS text FROM parquet_kv_metadata(${from(to, 'figures.parquet')})
      WHERE decode(key) = 'dentryscope.metrics'`);
    const meaning = JSON.parse(String(meta!['text'])) as Record<string, object>;
    expect(meaning['live_dentries_estimate']).toMatchObject({ kind: 'gauge', unit: 'dentries' });
    expect(meaning['reclaim_pressure_ns']).toMatchObject({ kind: 'counter', unit: 'nanoseconds' });
    expect(
      await ask(`SELECT DISTINCT compression FROM parquet_metadata(${from(to, 'nodes.parquet')})`),
    ).toEqual([{ compression: 'ZSTD' }]);
  });

  test('a range is half open, by the start of windows', async () => {
    const part = fresh();
    await exported(directory, part, { fromMs: T0 + WINDOW, toMs: T0 + 3 * WINDOW });
    for (const [file, seqs] of [
      ['nodes.parquet', [2n, 3n]],
      ['figures.parquet', [2n, 2n, 3n]],
    ] as const) {
      const rows = await ask(`SELECT seq FROM ${from(part, file)} ORDER BY seq`);
      expect(rows.map(({ seq }) => seq)).toEqual(seqs);
    }
  });

  test('a file of an older release: figures that it does not have are NULL', async () => {
    const older = await storeOf(window({ figures: { 7: 5n } }));
    await ask('ALTER TABLE waits DROP COLUMN lock_contentions', join(older, 'store.duckdb'));
    const there = fresh();
    await exported(older, there);
    const rows = await ask(
      `SELECT dentries_allocated AS a, lock_contentions AS k FROM ${from(there, 'figures.parquet')}`,
    );
    expect(rows).toEqual([{ a: 5n, k: null }]);
  });
});

describe('a store that others have, or had', () => {
  test('in use: by whom, and the way out; nothing is left in the directory', async () => {
    const directory = fresh();
    const child = await startChild(directory, 1);
    await child.acked(2);
    const to = fresh();
    await expect(exported(directory, to)).rejects.toMatchObject({
      name: 'StoreError',
      message: expect.stringMatching(
        `in use by the process .*PID ${child.pid}.*Stop it for the time of the export`,
      ),
    });
    expect(readdirSync(to)).toEqual([]);
    await child.kill();
    // What was acknowledged may be in DuckDB's log only.
    const done = await exported(directory, to);
    expect(done[0]!.rows).toBeGreaterThanOrEqual(BigInt(child.lastAcked) * 20n);
    const [sums] = await ask(
      `SELECT count(*) AS rows, max(seq) AS rounds, sum(dentries_allocated)::BIGINT AS sum FROM ${from(to, 'figures.parquet')}`,
    );
    const rounds = sums!['rounds'] as bigint;
    expect(sums).toEqual({ rows: rounds * 2000n, rounds, sum: 1000n * rounds * (rounds + 1n) });
  });

  test('open in this very process; not there at all', async () => {
    const directory = fresh();
    const store = await openEmbeddedStore({ directory });
    await expect(exported(directory, fresh())).rejects.toThrow(/in use by this same process/);
    await store.close();
    const nowhere = fresh();
    await expect(exported(nowhere, fresh())).rejects.toThrow(/there is no store in/);
    expect(readdirSync(nowhere)).toEqual([]);
  });
});

describe('all of it or nothing', () => {
  const many = (nodes: number) =>
    Array.from({ length: nodes }, (_, node) =>
      window({
        node: `n${node}`,
        figures: Object.fromEntries(
          Array.from({ length: 1000 }, (_, n) => [
            n + 1,
            BigInt(((node * 1000 + n) * 2_654_435_761) % 2 ** 40),
          ]),
        ),
      }),
    );

  test('files that are there are replaced only when that is said', async () => {
    const to = fresh();
    const first = await storeOf(window({ figures: { 7: 5n } }));
    await exported(first, to);
    const second = await storeOf(window({ figures: { 7: 6n } }));
    await expect(exported(second, to)).rejects.toThrow(/nodes.parquet and figures.parquet in .* --overwrite/);
    const sum = () =>
      ask(`SELECT sum(dentries_allocated)::BIGINT AS sum FROM ${from(to, 'figures.parquet')}`);
    expect(await sum()).toEqual([{ sum: 5n }]);
    await exported(second, to, { overwrite: true });
    expect(await sum()).toEqual([{ sum: 6n }]);
    expect(readdirSync(to).sort()).toEqual(files);
  });

  test('two at once into one directory: one of them', async () => {
    const [a, b] = [await storeOf(window({})), await storeOf(window({}))];
    const to = fresh();
    const results = await Promise.allSettled([a, b].map((directory) => exported(directory, to)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { message: expect.stringContaining('another export writes there') },
    });
    expect(readdirSync(to).sort()).toEqual(files);
  });

  test('ended in the middle: the signal’s reason, and nothing is left', async () => {
    const directory = await storeOf(...many(300));
    const to = fresh();
    const ending = new AbortController();
    const reason = new Error('enough');
    const running = exported(directory, to, { signal: ending.signal });
    await expect
      .poll(() => readdirSync(join(to, '.dentryscope-export'), { encoding: 'utf8' }), { interval: 1 })
      .toContain('figures.parquet');
    ending.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(readdirSync(to)).toEqual([]);
  });

  const missing = disk(1) ? undefined : 'no right to mount a tmpfs here';
  if (missing) process.stderr.write(`skipped: a full disk: ${missing}\n`);
  test.skipIf(missing)(
    'a full disk: told, nothing is left, and what was there before is as it was',
    async () => {
      const to = disk(1)!;
      const old = Buffer.from('an earlier export');
      for (const name of files) writeFileSync(join(to, name), old);
      const directory = await storeOf(...many(300));
      await expect(exported(directory, to, { overwrite: true })).rejects.toMatchObject({
        name: 'StoreError',
        message: expect.stringMatching(/left nothing.*No space left/),
      });
      expect(readdirSync(to).sort()).toEqual(files);
      for (const name of files) expect(readFileSync(join(to, name))).toEqual(old);
    },
  );

  function disk(mib: number): string | undefined {
    const directory = fresh();
    const unmount = mountSmallDisk(directory, mib << 20);
    if (unmount) disks.push(unmount);
    return unmount && directory;
  }
});
