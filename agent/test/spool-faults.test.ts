/** Death of the agent, a torn write, a full disk. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, statfsSync } from 'node:fs';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { Spool } from '../src/spool.js';
import {
  append,
  drained,
  fill,
  fillUp,
  fresh,
  noise,
  open,
  seqsIn,
  texts,
  tinyDisk,
} from './spool-helpers.js';

interface Ended {
  /** What was acknowledged: number, and how far the WAL then reached. */
  readonly acknowledged: { seq: number; walBytes: number }[];
}

/** Runs children/spool.mjs until it has appended `count` windows, and kills it there. */
async function killedAfter(count: number, spec: Readonly<Record<string, unknown>>): Promise<Ended> {
  const script = join(import.meta.dirname, 'children', 'spool.mjs');
  const child = spawn(process.execPath, [script, JSON.stringify(spec)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: Ended['acknowledged'] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [seq, walBytes] = line.split(' ').map(Number);
    acknowledged.push({ seq: seq!, walBytes: walBytes! });
    if (acknowledged.length === count) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.on('close', resolve));
  return { acknowledged };
}

interface Seen {
  readonly seqs: number[];
  readonly sizes: number[];
  readonly next: number;
  readonly lastWindowEndMs: number;
  readonly windowsLost: number;
  /** That lay in blocks. */
  readonly blocks: number;
}

/** In a process of its own: libsql keeps the files of a closed database open. */
function look(spools: readonly string[]): Seen[] {
  const script = join(import.meta.dirname, 'children', 'spool-read.mjs');
  const input = spools.map((directory) => `${directory}\n`).join('');
  const said = execFileSync(process.execPath, [script], { input, maxBuffer: 1 << 28 });
  return said
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Seen);
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('spool: death', () => {
  it('has all it acknowledged, in order and without a gap, killed (SIGKILL) while it appends, again and again', async () => {
    for (let round = 0; round < 6; round++) {
      const directory = fresh();
      const { acknowledged } = await killedAfter(20 + round * 13, { directory, bootId: 'boot' });
      const [seen] = look([directory]);
      expect(seen!.seqs.length).toBeGreaterThanOrEqual(acknowledged.at(-1)!.seq);
      expect(seen!.seqs).toEqual(upTo(seen!.seqs.length));
      expect(seen!.next).toBe(seen!.seqs.length + 1);
    }
  }, 120_000);

  it('counts on without a gap over kills, where windows leave meanwhile', async () => {
    const directory = fresh();
    let last = 0;
    for (let round = 0; round < 5; round++) {
      const { acknowledged } = await killedAfter(25, { directory, bootId: 'boot', remove: true });
      // One may have been appended, and its word for it killed.
      expect(acknowledged[0]!.seq - last).toBeLessThanOrEqual(2);
      expect(acknowledged.map(({ seq }) => seq)).toEqual(
        acknowledged.map((_, index) => acknowledged[0]!.seq + index),
      );
      last = acknowledged.at(-1)!.seq;
    }
    const spool = open(directory);
    const seqs = texts(spool).map((text) => Number(text.split('/')[1]));
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    // Of each five the newest two left.
    const left = [0, 4];
    const newest = Math.max(last, seqs.at(-1)!);
    expect(seqs.filter((seq) => !left.includes(seq % 5))).toEqual(
      upTo(newest).filter((seq) => !left.includes(seq % 5)),
    );
    // The last that was acknowledged may be one of those that left.
    expect(append(spool, 'w')).toBeGreaterThan(BigInt(last));
    spool.close();
  }, 120_000);

  it('has each window once, killed (SIGKILL) while it packs them into blocks, again and again', async () => {
    for (let round = 0; round < 6; round++) {
      const directory = fresh();
      const spec = { directory, bootId: 'boot', bytes: 3000, maxBytes: 600_000, pack: true };
      const { acknowledged } = await killedAfter(64 + round, spec);
      const [seen] = look([directory]);
      expect(seen!.blocks).toBeGreaterThan(0);
      expect(seen!.seqs.length).toBeGreaterThanOrEqual(acknowledged.at(-1)!.seq);
      expect(seen!.seqs).toEqual(upTo(seen!.seqs.length));
      expect([seen!.next, seen!.windowsLost]).toEqual([seen!.seqs.length + 1, 0]);
    }
  }, 120_000);

  /** The last write of a machine that lost its power: its end is missing, or is whatever was on the disk before. */
  it.each(['cut off', 'overwritten with noise'])(
    'has all before a torn write: WAL %s at many bytes',
    async (how) => {
      const directory = fresh();
      const { acknowledged } = await killedAfter(12, { directory, bootId: 'boot', bytes: 900 });
      const wal = readFileSync(join(directory, 'spool.db-wal'));
      const end = acknowledged.at(-1)!.walBytes;
      const start = acknowledged.at(-2)!.walBytes;
      // Every byte of the ends of the last append's frames, and a stride through all that comes before.
      const cuts = new Set<number>();
      for (let at = start; at <= end; at += 4120)
        for (let near = -30; near <= 30; near++) cuts.add(at + near);
      for (let at = acknowledged[0]!.walBytes; at < end; at += 611) cuts.add(at);
      const torn = [...cuts].filter((at) => at >= acknowledged[0]!.walBytes && at <= end);
      const copies = torn.map((at) => tornCopy(directory, wal, at, how === 'cut off'));
      look(copies).forEach((seen, index) => {
        const whole = acknowledged.filter(({ walBytes }) => walBytes <= torn[index]!).at(-1)!.seq;
        expect(seen.seqs).toEqual(upTo(whole));
        expect(seen.next).toBe(whole + 1);
        expect(seen.lastWindowEndMs).toBe(whole * 10);
        expect(seen.windowsLost).toBe(0);
      });
      expect(copies.length).toBeGreaterThan(200);
    },
    240_000,
  );

  function tornCopy(from: string, wal: Buffer, at: number, cut: boolean): string {
    const directory = fresh();
    mkdirSync(directory);
    copyFileSync(join(from, 'spool.db'), join(directory, 'spool.db'));
    const copy = join(directory, 'spool.db-wal');
    const torn = noise(wal.length - at);
    // Noise of one byte would be right once in 256 times.
    if (torn.length > 0) torn[0] = wal[at]! ^ 0xff;
    writeFileSync(copy, cut ? wal : Buffer.concat([wal.subarray(0, at), torn]));
    if (cut) truncateSync(copy, at);
    return directory;
  }
});

/** One each: the files of a closed database keep their room until libsql's statements are collected. */
const disk = tinyDisk(2 << 20);
const packingDisk = tinyDisk(2 << 20);
const checkpointDisk = tinyDisk(3 << 20);

describe.skipIf(!disk)(disk ? 'spool: disk full' : 'spool: disk full (mount is refused here)', () => {
  it('append throws, retryable; no number is burnt, nothing acknowledged is lost, and it goes on when there is room', () => {
    const directory = join(disk!, 'spool');
    const spool = open(directory);
    writeFileSync(join(disk!, 'ballast'), Buffer.alloc(500_000));
    let last = 0n;
    const fill = () => {
      for (;;) last = spool.append((seq) => ({ seq, endMs: 1, bytes: noise(20_000) })).seq;
    };
    expect(fill).toThrow(/No room on the disk.*DENTRYSCOPE_DATA_DIR/);
    expect(fill).toThrow(expect.objectContaining({ retryable: true }));
    expect(spool.size).toBe(Number(last));
    expect(spool.peek(1000)).toHaveLength(Number(last));
    rmSync(join(disk!, 'ballast'));
    expect(append(spool, 'w')).toBe(last + 1n);
    spool.remove(spool.peek(1000));
    expect(spool.size).toBe(0);
    expect(append(spool, 'w')).toBe(last + 2n);
    spool.close();
  });

  /** The newest come first: in the end the oldest. */
  const drain = (spool: Spool) => seqsIn(drained(spool).reverse().flat());
  /** As a machine would find it that loses its power now. */
  const copied = (directory: string) => {
    const copy = fresh();
    cpSync(directory, copy, { recursive: true });
    return copy;
  };

  it('packing throws, retryable, and leaves all as it was; it goes on when there is room', async () => {
    const directory = join(packingDisk!, 'packing');
    const spool = open(directory, 'boot', 1 << 20);
    fill(spool, 70);
    const ballast = join(packingDisk!, 'ballast');
    fillUp(ballast);
    for (let times = 0; times < 2; times++)
      await expect(spool.pack()).rejects.toThrow(expect.objectContaining({ retryable: true }));
    expect([spool.size, spool.windowsLost]).toEqual([70, 0n]);
    const after = open(copied(directory));
    expect(drain(after)).toEqual(upTo(70));
    after.close();
    rmSync(ballast);
    while (await spool.pack());
    expect([spool.size, spool.windowsLost]).toEqual([70, 0n]);
    expect(spool.peek(32).map(({ packed }) => packed)).toEqual(Array(6).fill(false));
    expect(drain(spool)).toEqual(upTo(70));
    expect([append(spool, 'w'), spool.windowsLost]).toEqual([71n, 0n]);
    spool.close();
  });

  it('a checkpoint that finds no room loses nothing, and is made when there is some', () => {
    const directory = join(checkpointDisk!, 'checkpoint');
    const walBytes = () => statSync(join(directory, 'spool.db-wal')).size;
    const spool = open(directory);
    while (walBytes() < 900_000) fill(spool, 1);
    // Room for the rest of the log, which is 150 kB, and then not for what the file grows by.
    const { bavail, bsize } = statfsSync(checkpointDisk!);
    writeFileSync(join(checkpointDisk!, 'ballast'), Buffer.alloc(bavail * bsize - 200_000));
    while (walBytes() <= 1 << 20) fill(spool, 1);
    // A checkpoint that was made would have emptied the log; and what is past its bound now is one append.
    expect(walBytes()).toBeLessThan((1 << 20) + 40_000);
    expect(() => fill(spool, 1000)).toThrow(expect.objectContaining({ retryable: true }));
    const last = spool.size;
    expect(spool.windowsLost).toBe(0n);
    const after = open(copied(directory));
    expect(drain(after)).toEqual(upTo(last));
    after.close();
    rmSync(join(checkpointDisk!, 'ballast'));
    fill(spool, 1);
    expect(walBytes()).toBe(0);
    expect(drain(spool)).toEqual(upTo(last + 1));
    expect(spool.windowsLost).toBe(0n);
    spool.close();
  });
});
