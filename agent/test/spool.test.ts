/** What the spool keeps, and within which bound. */
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { TransportError } from '@dentryscope/transport';
import { decodeNotes, encodeNotes } from '../src/notes.js';
import { openSpool } from '../src/spool.js';
import { append, damage, fresh, noise, open, texts } from './spool-helpers.js';

describe('spool', () => {
  it('gives the newest first, in their order, and each until it is removed', () => {
    const spool = open(fresh());
    for (let count = 0; count < 5; count++) append(spool, 'w');
    expect(texts(spool)).toEqual(['w1', 'w2', 'w3', 'w4', 'w5']);
    expect(texts(spool, 2)).toEqual(['w4', 'w5']);
    spool.remove(spool.peek(2));
    expect(texts(spool)).toEqual(['w1', 'w2', 'w3']);
    expect(spool.size).toBe(3);
    spool.close();
  });

  it('counts on without a gap after a restart, and takes no number for a window that could not be built', () => {
    const directory = fresh();
    const before = open(directory);
    expect(append(before, 'w')).toBe(1n);
    const build = () =>
      before.append(() => {
        throw new Error('no such window');
      });
    expect(build).toThrow('no such window');
    expect(append(before, 'w')).toBe(2n);
    before.remove(before.peek(2));
    before.close();
    const after = open(directory);
    expect(append(after, 'w')).toBe(3n);
    expect(after.size).toBe(1);
    after.close();
  });

  it('counts from 1 in a new boot, after the windows of the boots before, and goes back to neither', () => {
    const directory = fresh();
    const first = open(directory, 'a');
    append(first, 'a');
    append(first, 'a');
    first.close();
    const second = open(directory, 'b');
    expect(append(second, 'b')).toBe(1n);
    expect(texts(second)).toEqual(['a1', 'a2', 'b1']);
    second.close();
    const again = open(directory, 'a');
    expect(append(again, 'a')).toBe(3n);
    again.close();
  });

  it('goes on above all its numbers where its directory was deleted in the same boot, and at once where it was not', () => {
    const directory = fresh();
    const openAt = (ms: bigint) => openSpool({ directory, bootId: 'a', maxBytes: 1 << 30, firstSeq: ms });
    const first = openAt(60_000n);
    for (let count = 0; count < 20; count++) append(first, 'w');
    first.close();
    const again = openAt(70_000n);
    expect(append(again, 'w')).toBe(60_020n);
    again.close();
    rmSync(directory, { recursive: true });
    // A window takes 100 ms at least.
    const emptied = openAt(60_000n + 21n * 100n);
    expect(append(emptied, 'w')).toBe(62_100n);
    emptied.close();
  });

  it('has the notes of the last window for the next agent of the boot, and none for another boot', () => {
    const directory = fresh();
    const first = open(directory, 'a');
    expect(first.notes).toBeUndefined();
    const notes = { holders: [7n, 2n ** 63n + 1n], kernelLog: { sequence: 12n } };
    const window = { endMs: 0, bytes: Buffer.from('w') };
    first.append(() => ({ ...window, notes: encodeNotes(notes) }));
    const full = () =>
      first.append(() => {
        throw new Error('no window');
      });
    expect(full).toThrow('no window');
    first.append(() => window);
    first.remove(first.peek(2));
    first.close();
    const second = open(directory, 'a');
    expect(decodeNotes(second.notes)).toEqual(notes);
    second.close();
    const other = open(directory, 'b');
    expect(decodeNotes(other.notes)).toEqual({});
    other.close();
  });

  it('remembers the end of the last window over restarts and boots, when it has long been sent', () => {
    const directory = fresh();
    const first = open(directory, 'a');
    expect(first.lastWindowEndMs).toBe(0);
    append(first, 'w', 1_790_000_000_123);
    first.remove(first.peek(1));
    first.close();
    const second = open(directory, 'b');
    expect(second.lastWindowEndMs).toBe(1_790_000_000_123);
    second.close();
  });

  it('counts in a boot whose clock was never set, after many boots whose clock was', () => {
    const directory = fresh();
    for (let boot = 1; boot <= 17; boot++) open(directory, `boot ${boot}`).close();
    vi.setSystemTime(0);
    try {
      const spool = open(directory, 'without a clock');
      expect([append(spool, 'w'), spool.windowsLost]).toEqual([1n, 0n]);
      spool.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('refuses a second agent on its directory, names the setting, and lets it in when the first has closed', () => {
    const directory = fresh();
    const first = open(directory);
    expect(() => open(directory)).toThrow(/belongs to another agent that is running.*DENTRYSCOPE_DATA_DIR/);
    append(first, 'w');
    first.close();
    const second = open(directory);
    expect(texts(second)).toEqual(['w1']);
    second.close();
  });

  it('names the setting where its directory cannot be made', () => {
    const file = fresh();
    writeFileSync(file, '');
    expect(() => open(join(file, 'spool'))).toThrow(/DENTRYSCOPE_DATA_DIR/);
  });
});

describe('spool: bound', () => {
  it('drops the oldest past its bound, counts them for good, and the file stays within it', () => {
    const directory = fresh();
    const maxBytes = 1 << 20;
    const spool = open(directory, 'boot', maxBytes);
    for (let count = 0; count < 400; count++)
      spool.append((seq) => ({ endMs: 0, bytes: Buffer.concat([Buffer.from(`${seq}/`), noise(6000)]) }));
    const kept = spool
      .peek(1000)
      .map(({ bytes }) => Number(Buffer.from(bytes).toString('latin1').split('/')[0]));
    expect(kept.at(-1)).toBe(400);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 400 - kept.length + 1 + index));
    expect(spool.windowsLost).toBe(BigInt(400 - kept.length));
    // 6,000 bytes lie on two pages of 4,096.
    expect(kept.length).toBeGreaterThan(110);
    // The file ends with the commit that went over the bound: one window more.
    expect(statSync(join(directory, 'spool.db')).size).toBeLessThanOrEqual(maxBytes + 4 * 4096);
    expect(statSync(join(directory, 'spool.db-wal')).size).toBeLessThan((1 << 20) + 100_000);
    const lost = spool.windowsLost;
    spool.close();
    const again = open(directory, 'boot', maxBytes);
    expect(again.windowsLost).toBe(lost);
    again.close();
  });

  it('keeps the newest window however large it is', () => {
    const spool = open(fresh(), 'boot', 65_536);
    append(spool, 'w');
    spool.append(() => ({ endMs: 0, bytes: noise(300_000) }));
    expect(spool.peek(10).map(({ bytes }) => bytes.length)).toEqual([300_000]);
    expect(spool.windowsLost).toBe(1n);
    spool.close();
  });
});

describe('spool: damage', () => {
  it('drops a window that was damaged, counts it, and gives the others', () => {
    const directory = fresh();
    const spool = open(directory);
    for (let count = 0; count < 4; count++) append(spool, 'w');
    for (const position of [1n, 3n]) damage(directory, position);
    expect(texts(spool)).toEqual(['w2', 'w4']);
    expect(spool.windowsLost).toBe(2n);
    expect(spool.size).toBe(2);
    spool.close();
  });

  it('does not take the damaged among its newest for an empty spool', () => {
    const directory = fresh();
    const spool = open(directory);
    for (let count = 0; count < 4; count++) append(spool, 'w');
    for (const position of [3n, 4n]) damage(directory, position);
    expect(texts(spool, 2)).toEqual(['w1', 'w2']);
    spool.close();
  });

  it('says that its file is damaged, and the way out', () => {
    const directory = fresh();
    mkdirSync(directory);
    writeFileSync(join(directory, 'spool.db'), Buffer.alloc(8192, 7));
    expect(() => open(directory)).toThrow(TransportError);
    expect(() => open(directory)).toThrow(
      /spool.db is damaged: move it aside, or set another DENTRYSCOPE_DATA_DIR/,
    );
  });
});
