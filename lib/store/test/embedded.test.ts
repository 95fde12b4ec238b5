import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mountSmallDisk } from '@dentryscope/lab';
import { StoreError, openEmbeddedStore } from '@dentryscope/store';
import { startChild } from './child.js';
import { conformance } from './conformance.js';
import { column } from './duckdb.js';
import { T0, allocated, cap, metric, nodes, series, top, total, window } from './fixtures.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-store-'));
let count = 0;
const fresh = () => join(root, String(count++));
const disks: (() => void)[] = [];
afterAll(() => {
  for (const unmount of disks) unmount();
  rmSync(root, { recursive: true, force: true });
});

conformance('embedded', () => openEmbeddedStore({ directory: fresh() }));

describe('the file', () => {
  test('what was written is there after closing and opening again', async () => {
    const directory = fresh();
    const first = await openEmbeddedStore({ directory });
    await first.writer.write([window({ figures: { 7: 5n } })]);
    await first.writer.close();
    await first.reader.close();
    const second = await openEmbeddedStore({ directory });
    await second.writer.write([window({ figures: { 7: 5n } }), window({ node: 'n2', figures: { 7: 1n } })]);
    expect(await total(second.reader)).toBe(6n);
    await second.close();
  });

  test('another process has it: says which, and the ways out; free again when that one is killed', async () => {
    const directory = fresh();
    const child = await startChild(directory, 1);
    await child.acked(1);
    const error = await openEmbeddedStore({ directory }).catch((error: unknown) => error);
    await child.kill();
    expect(error).toBeInstanceOf(StoreError);
    const { message } = error as StoreError;
    for (const word of [
      `PID ${child.pid}`,
      directory,
      'DENTRYSCOPE_DATA_DIR',
      'standalone',
      'DENTRYSCOPE_STORE=influx',
    ])
      expect(message).toContain(word);
    await (await openEmbeddedStore({ directory })).close();
  });

  test('the same process has it: refused as well', async () => {
    const directory = fresh();
    const store = await openEmbeddedStore({ directory });
    await expect(openEmbeddedStore({ directory: join(directory, '.') })).rejects.toThrow(
      /in use by this same process/,
    );
    await store.close();
    await (await openEmbeddedStore({ directory })).close();
  });

  test('a directory that cannot be, a file of something else: says which and the setting', async () => {
    const directory = fresh();
    writeFileSync(directory, 'a file');
    await expect(openEmbeddedStore({ directory })).rejects.toThrow(/DENTRYSCOPE_DATA_DIR/);
    const other = mkdtempSync(join(root, 'other-'));
    writeFileSync(join(other, 'store.duckdb'), 'not a database at all');
    const error = await openEmbeddedStore({ directory: other }).catch((error: unknown) => error);
    expect(error).toMatchObject({
      retryable: false,
      message: expect.stringMatching(/not a valid DuckDB.*DENTRYSCOPE_DATA_DIR/s),
    });
  });

  test('a file of an older release gets the columns it lacks; one of a newer release is refused', async () => {
    const directory = fresh();
    const older = await openEmbeddedStore({ directory });
    await older.writer.write([window({ figures: { 7: [5n, 4n] } })]);
    await older.close();
    await column(directory, 'ALTER TABLE figures DROP COLUMN dentries_freed');
    const newer = await openEmbeddedStore({ directory });
    await newer.writer.write([window({ seq: 2, figures: { 7: [5n, 3n] } })]);
    expect(await total(newer.reader)).toBe(10n);
    expect(await total(newer.reader, { metric: metric('dentries_freed') as typeof allocated })).toBe(3n);
    await newer.close();
    await column(directory, 'UPDATE meta SET version = 99');
    const error = await openEmbeddedStore({ directory }).catch((error: unknown) => error);
    expect(error).toMatchObject({
      retryable: false,
      message: expect.stringContaining('newer release (layout 99'),
    });
  });
});

describe('SIGKILL while writing', () => {
  const ROUNDS = 6;
  const sumOf = (round: number) => 20n * 100n * BigInt(round);

  test('what was acknowledged is there, the rest is there whole or not at all, and going on repairs it', async () => {
    const directory = fresh();
    let next = 1;
    for (let kill = 0; kill < ROUNDS; kill++) {
      const child = await startChild(directory, next);
      await child.acked(next + 3 * kill);
      await child.kill();
      const store = await openEmbeddedStore({ directory });
      const rounds = await series(store.reader, { stepMs: 1000 });
      expect(rounds.map(([at]) => at / 1000)).toEqual(rounds.map((_, n) => n + 1));
      expect(rounds.map(([, sum]) => sum)).toEqual(rounds.map((_, n) => sumOf(n + 1)));
      expect(rounds.length).toBeGreaterThanOrEqual(child.lastAcked);
      expect(rounds.length).toBeLessThanOrEqual(child.lastAcked + 1);
      const records = await nodes(store.reader);
      expect(records.map(({ newest }) => newest.seq)).toEqual(new Array(20).fill(BigInt(rounds.length)));
      expect(await total(store.reader, { filter: { cgroup: `/round-${rounds.length}/1` } })).toBeGreaterThan(
        0n,
      );
      await store.close();
      // The next child begins with rounds that are in already: a replay.
      next = Math.max(1, child.lastAcked - 1);
    }
  });
});

/** A disk that is soon full takes the right to mount one. */
const missing = smallDisk('a') ? undefined : 'no right to mount a tmpfs here';
if (missing)
  process.stderr.write(`skipped: a full disk: ${missing}
`);

describe.skipIf(missing)('a full disk', () => {
  // 8 MiB: writing ahead fails; 20 MiB: folding what was written ahead into the file fails, which DuckDB does not get over.
  test.each([8, 20])(
    'of %i MiB: retryable, reads go on, and with room again nothing is lost or twice',
    async (mib) => {
      const directory = smallDisk(`full-${mib}`, mib)!;
      const store = await openEmbeddedStore({ directory });
      const figures = Object.fromEntries(
        Array.from({ length: 5_000 }, (_, n) => [n + 1, 2n ** 49n + BigInt(n * n)]),
      );
      const sum = Object.values(figures).reduce((a, b) => a + b);
      let seq = 0;
      let error: unknown;
      while (!error)
        error = await store.writer.write([window({ seq: ++seq, figures })]).catch((error: unknown) => error);
      expect(error).toMatchObject({
        name: 'StoreError',
        retryable: true,
        message: expect.stringContaining('No space left'),
      });
      await expect(store.writer.write([window({ seq, figures })])).rejects.toMatchObject({ retryable: true });
      expect([BigInt(seq) * sum, BigInt(seq - 1) * sum]).toContain(await total(store.reader));
      execFileSync('mount', ['-o', 'remount,size=200m', directory]);
      await store.writer.write([window({ seq, figures }), window({ seq: seq + 1, figures })]);
      expect(await total(store.reader)).toBe(BigInt(seq + 1) * sum);
      await store.close();
    },
  );
});

/** The directory it is mounted on; undefined where that is not allowed. */
function smallDisk(name: string, mib = 1): string | undefined {
  const directory = mkdtempSync(join(root, `${name}-`));
  const unmount = mountSmallDisk(directory, mib << 20);
  if (unmount) disks.push(unmount);
  return unmount && directory;
}

describe('queries beside each other', () => {
  test('reads go on while a write is under way, and see none of it or all of it', async () => {
    const { writer, reader, close } = await openEmbeddedStore({ directory: fresh() });
    const figures = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [n + 1, 1n]));
    const batches = Array.from({ length: 200 }, (_, n) => window({ node: `n${n}`, figures }));
    let writing = true;
    const written = writer.write(batches).finally(() => (writing = false));
    const seen = new Set<bigint>();
    while (writing) seen.add(await total(reader));
    await written;
    seen.add(await total(reader));
    expect([...seen].sort()).toEqual([0n, 200_000n]);
    await close();
  });

  test('an abort ends the one query that runs long, at once, and no other', async () => {
    const { writer, reader, close } = await openEmbeddedStore({ directory: fresh() });
    const figures = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [n + 1, 1n]));
    const windows = Array.from({ length: 100 }, (_, n) => window({ seq: n + 1, figures }));
    await writer.write(windows);
    const request = { metric: allocated, filter: {}, stepMs: 1, fromMs: T0, toMs: T0 + 1e9 };
    const abort = new AbortController();
    const reason = new Error('enough');
    const others = Array.from({ length: 8 }, () => top(reader, 'cgroup', { limit: 1 }));
    const long = Array.from({ length: 8 }, () => reader.series(request, { signal: abort.signal }));
    setTimeout(() => abort.abort(reason), 1);
    const results = await Promise.allSettled(long);
    expect(results.every((result) => result.status === 'fulfilled' || result.reason === reason)).toBe(true);
    expect(results.some((result) => result.status === 'rejected')).toBe(true);
    expect((await Promise.all(others)).map(({ total }) => total)).toEqual(new Array(8).fill(1_000_000n));
    expect((await reader.series({ ...request, stepMs: 1e9 }, cap())).steps).toHaveLength(1);
    await close();
  });
});
