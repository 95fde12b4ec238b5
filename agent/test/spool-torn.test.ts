/**
 * The last write of a machine that lost its power, torn at every byte: of the log's last append, and of the file while a
 * checkpoint writes it. Then single bits of both, as a bad disk turns them.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { fresh, open, tinyDisk } from './spool-helpers.js';

const LAST = 8;
const PAGE_BYTES = 4096;
const run = promisify(execFile);

interface Seen {
  readonly at: number;
  readonly error?: string;
  readonly texts: string[];
  readonly next: number;
  /** With the one that was appended when all others had been taken out. */
  readonly size: number;
  readonly lost: number;
  readonly told: number;
}

const textOf = (seq: number) => `window ${seq} ${'of some bytes '.repeat(seq)}`;
const windows = (last: number) => Array.from({ length: last }, (_, i) => textOf(i + 1));
const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);

/** Nothing here depends on the disk that the copies lie on: in memory opening them takes a tenth of the time. */
const scratch = tinyDisk(64 << 20) ?? fresh();

describe('spool: torn at every byte', { timeout: 400_000 }, () => {
  /** The file before the checkpoint and after it, and the log: as they lie on the disk when the agent dies. */
  const saved = { before: '', after: '', wal: '' };
  const record = { from: 0, to: 0 };

  beforeAll(() => {
    const [directory, copies] = [fresh(), fresh()];
    for (const needed of [copies, scratch]) mkdirSync(needed, { recursive: true });
    const first = open(directory);
    const append = (spool: typeof first) =>
      spool.append((seq) => ({ endMs: 0, bytes: Buffer.from(textOf(Number(seq))) }));
    for (let seq = 1; seq < LAST - 1; seq++) append(first);
    first.close();
    const spool = open(directory);
    append(spool);
    record.from = statSync(join(directory, 'spool.db-wal')).size;
    append(spool);
    record.to = statSync(join(directory, 'spool.db-wal')).size;
    const keep = (file: string, as: string) => {
      copyFileSync(join(directory, file), join(copies, as));
      return join(copies, as);
    };
    saved.wal = keep('spool.db-wal', 'wal');
    saved.before = keep('spool.db', 'before');
    spool.close();
    saved.after = keep('spool.db', 'after');
  });

  async function look(spoil: string, places: readonly number[], spec: object): Promise<Seen[]> {
    const script = join(import.meta.dirname, 'children', 'spool-torn.mjs');
    const seen: Seen[] = [];
    for (let from = 0; from < places.length; from += 1000) {
      const child = run(process.execPath, ['--expose-gc', script], { maxBuffer: 1 << 28 });
      const some = places.slice(from, from + 1000);
      child.child.stdin!.end(JSON.stringify({ scratch, spoil, places: some, ...spec }));
      const { stdout } = await child;
      const lines = stdout.trim().split('\n');
      seen.push(...lines.map((line) => JSON.parse(line) as Seen));
    }
    expect(seen.map(({ at }) => at)).toEqual(places);
    return seen;
  }

  const whole = (at: number, last: number) => ({
    ...{ at, texts: windows(last), next: last + 1, size: 1, lost: 0, told: 0 },
  });
  const inLog = () => ({ main: saved.before, wal: saved.wal });

  it('the log is cut at every byte of its last append: all before are there, and the last when it is whole', async () => {
    const seen = await look('wal cut', range(record.from, record.to + 1), inLog());
    expect(seen.length).toBeGreaterThan(2 * PAGE_BYTES);
    expect(seen).toEqual(seen.map(({ at }) => whole(at, at < record.to ? LAST - 1 : LAST)));
  });

  it('a bit of its last append is turned: it is as if that had not been', async () => {
    const seen = await look('wal flip', range(record.from, record.to, 37), inLog());
    expect(seen).toEqual(seen.map(({ at }) => whole(at, LAST - 1)));
  });

  it('a checkpoint has written the file up to any byte of the last record, and every so many of the rest: all are there', async () => {
    const places = [...cell(), ...range(0, statSync(saved.after).size, 97)];
    const spec = { main: saved.after, instead: saved.before, wal: saved.wal };
    const seen = await look('main part', places, spec);
    expect(seen).toEqual(seen.map(({ at }) => whole(at, LAST)));
  });

  /** No crash does that. SQLite has no checksum of its own here, so of some it can say only that the file is damaged. */
  it('a bit of the last record is turned in the file: it is there, or lost and counted, or the file is told to be damaged', async () => {
    const seen = await look('main flip', cell(), { main: saved.after });
    const lost = (at: number) => ({ ...whole(at, LAST), texts: windows(LAST - 1), lost: 1, told: 1 });
    const told = seen.filter(({ error }) => error?.includes('is damaged: move it aside'));
    const kept = seen.filter((one) => isDeepStrictEqual(one, whole(one.at, LAST)));
    const counted = seen.filter((one) => isDeepStrictEqual(one, lost(one.at)));
    expect(seen.filter((one) => ![...told, ...kept, ...counted].includes(one))).toEqual([]);
    // The gzip and its checksum, at the least, are ours to see.
    expect(counted.length).toBeGreaterThan(cell().length - 10);
  });

  /** The bytes of the last record in the file: its gzip, and what SQLite writes before it (lengths, position, types). */
  function cell(): number[] {
    const gzip = gzipSync(Buffer.from(textOf(LAST)));
    const at = readFileSync(saved.after).indexOf(gzip);
    expect(at).toBeGreaterThan(0);
    // The checksum's four bytes come last.
    return range(at - 8, at + gzip.length + 4);
  }
});
