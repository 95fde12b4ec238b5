import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, expect } from 'vitest';
import { openDatabase } from '@dentryscope/transport';
import { migrations } from '../src/spool-tables.js';
import { openSpool } from '../src/spool.js';
import type { Spool, SpoolOptions, SpooledWindow } from '../src/spool.js';
import { tinyDisk as diskOn } from '../../lib/transport/test/helpers.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-spool-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;
export const fresh = () => join(root, String(directories++));
const large = 1 << 30;
export const open = (
  directory: string,
  bootId = 'boot',
  maxBytes = large,
  onDamaged?: SpoolOptions['onDamaged'],
) => openSpool({ directory, bootId, maxBytes, ...(onDamaged && { onDamaged }) });

/** What gzip cannot make smaller. */
export const noise = (bytes: number) =>
  Buffer.from(Array.from({ length: bytes }, () => Math.floor(Math.random() * 256)));

export function append(spool: Spool, text: string, endMs = 0): bigint {
  return spool.append((seq) => ({ seq, endMs, bytes: Buffer.from(`${text}${seq}`) })).seq;
}

/** Windows that hold their number and what gzip leaves as it is: with 3,000 bytes a page each, in a block as well. */
export function fill(spool: Spool, count: number, noiseBytes = 3000, zeros = 0): void {
  for (let n = 0; n < count; n++)
    spool.append((seq) => ({
      endMs: 0,
      bytes: Buffer.concat([Buffer.from(`${seq}/`), noise(noiseBytes), Buffer.alloc(zeros)]),
    }));
}

/** The number of one of them. */
export const seqIn = (bytes: Uint8Array) => Number(Buffer.from(bytes).toString('latin1').split('/')[0]);

/** Takes all out. @returns the windows of each `peek` */
export function drained(spool: Spool): SpooledWindow[][] {
  const turns: SpooledWindow[][] = [];
  for (let some = spool.peek(32); some.length > 0; some = spool.peek(32)) {
    turns.push(some);
    spool.remove(some);
  }
  return turns;
}

export const seqsIn = (windows: readonly SpooledWindow[]) => windows.map(({ bytes }) => seqIn(bytes));

export const texts = (spool: Spool, limit = 1000) =>
  spool.peek(limit).map(({ bytes }) => Buffer.from(bytes).toString());

/** Flips a byte of a stored window, as a bad disk would. */
export function damage(directory: string, position: bigint): void {
  const db = openDatabase({ file: join(directory, 'spool.db'), migrations });
  const { gzip } = db.get<{ gzip: ArrayBuffer }>('SELECT gzip FROM windows WHERE position = ?', position)!;
  const bytes = new Uint8Array(gzip);
  bytes[12]! ^= 1;
  db.run('UPDATE windows SET gzip = ? WHERE position = ?', bytes, position);
  db.close();
}

/** Puts bytes in the place of a row's whose checksum is right, and which are no window and no block. */
export function spoil(directory: string, table: 'windows' | 'blocks', position: bigint): void {
  const db = openDatabase({ file: join(directory, 'spool.db'), migrations });
  const bytes = Buffer.from('neither gzip nor brotli');
  const column = table === 'windows' ? 'gzip' : 'block';
  const sql = `UPDATE ${table} SET ${column} = ?, crc32 = ? WHERE position = ?`;
  expect(db.run(sql, bytes, crc32(bytes), position)).toBe(1);
  db.close();
}

/** All that is left of the disk. */
export function fillUp(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(4096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(descriptor);
  }
}

export const tinyDisk = (bytes: number) => diskOn(fresh(), bytes);
