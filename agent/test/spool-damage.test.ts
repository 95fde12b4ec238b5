/** What is damaged in the spool, and how the rest comes out of it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Spool } from '../src/spool.js';
import { damage, drained, fill, fillUp, fresh, open, seqsIn, spoil, tinyDisk } from './spool-helpers.js';

/** Small enough that packing begins, large enough that none is dropped. */
const MAX_BYTES = 1_500_000;
const told: [string, number][] = [];
const opened = (directory: string) => {
  told.length = 0;
  return open(directory, 'boot', MAX_BYTES, ({ message }, windows) => void told.push([message, windows]));
};

const seqs = (spool: Spool) => seqsIn(spool.peek(32));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const drain = (spool: Spool) => seqsIn(drained(spool).flat());

async function withBlocks(directory: string): Promise<Spool> {
  const spool = opened(directory);
  fill(spool, 100);
  for (let blocks = 0; blocks < 3; blocks++) expect(await spool.pack()).toBe(true);
  return spool;
}

describe('spool: a block that is wrong though its checksum is right', () => {
  it.each([
    ['newest', 96n, [...range(97, 100), ...range(33, 64), ...range(1, 32)]],
    ['in the middle', 64n, [...range(97, 100), ...range(65, 96), ...range(1, 32)]],
    ['oldest', 32n, [...range(97, 100), ...range(65, 96), ...range(33, 64)]],
  ])('%s: is lost, counted and told once, and all others come', async (_where, position, rest) => {
    const directory = fresh();
    const spool = await withBlocks(directory);
    spoil(directory, 'blocks', position);
    expect(drain(spool)).toEqual(rest);
    expect([spool.size, spool.windowsLost]).toEqual([0, 32n]);
    expect(told).toEqual([[expect.any(String), 32]]);
    spool.close();
    const again = opened(directory);
    expect([again.size, again.windowsLost]).toEqual([0, 32n]);
    again.close();
  });

  it('so is a single window', () => {
    const directory = fresh();
    const spool = opened(directory);
    fill(spool, 3);
    spoil(directory, 'windows', 3n);
    expect(drain(spool)).toEqual([1, 2]);
    expect([spool.windowsLost, told.length]).toEqual([1n, 1]);
    spool.close();
  });
});

describe('spool: damage', () => {
  it('among the oldest does not keep the others from being packed', async () => {
    const directory = fresh();
    const spool = opened(directory);
    fill(spool, 100);
    damage(directory, 5n);
    spoil(directory, 'windows', 40n);
    while (await spool.pack());
    expect([spool.size, spool.windowsLost, told.length]).toEqual([98, 2n, 2]);
    const whole = range(1, 100).filter((seq) => seq !== 5 && seq !== 40);
    const got = drained(spool).flat();
    expect(seqsIn(got).sort((a, b) => a - b)).toEqual(whole);
    expect(got.filter(({ packed }) => packed)).toHaveLength(96);
    spool.close();
  });
});

const disk = tinyDisk(3 << 20);

describe.skipIf(!disk)(
  disk ? 'spool: damage on a full disk' : 'spool: damage on a full disk (mount is refused here)',
  () => {
    it('hides nothing, is told once, and counts at once and only once, though it cannot be deleted', async () => {
      const directory = join(disk!, 'spool');
      const spool = await withBlocks(directory);
      spool.remove(spool.peek(32));
      spoil(directory, 'blocks', 96n);
      const ballast = join(disk!, 'ballast');
      fillUp(ballast);
      for (let times = 0; times < 3; times++) expect(seqs(spool)).toEqual(range(33, 64));
      expect([spool.size, spool.windowsLost, told.length]).toEqual([64, 32n, 1]);
      expect(() => spool.remove(spool.peek(32))).toThrow(expect.objectContaining({ retryable: true }));
      expect([spool.size, spool.windowsLost, told.length]).toEqual([64, 32n, 1]);
      rmSync(ballast);
      expect(drain(spool)).toEqual([...range(33, 64), ...range(1, 32)]);
      expect([spool.size, spool.windowsLost, told.length]).toEqual([0, 32n, 1]);
      spool.close();
      const again = opened(directory);
      expect([again.size, again.windowsLost]).toEqual([0, 32n]);
      again.close();
    });
  },
);
