/** What the spool's file holds: windows one by one, blocks of old ones, and how far each boot has counted. */
import { crc32, gunzipSync } from 'node:zlib';
import { unpackBlock } from './pack/block.js';

export const migrations = [
  `CREATE TABLE windows (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     gzip BLOB NOT NULL,
     crc32 INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE boots (
     boot_id TEXT PRIMARY KEY,
     last_seq INTEGER NOT NULL,
     last_window_end_ms INTEGER NOT NULL,
     windows_lost INTEGER NOT NULL,
     used_at_ms INTEGER NOT NULL
   ) STRICT;`,
  // All older than any in `windows`. What is short stands before what is long: SQLite reads a row from its beginning.
  `CREATE TABLE blocks (
     position INTEGER PRIMARY KEY,
     windows INTEGER NOT NULL,
     crc32 INTEGER NOT NULL,
     block BLOB NOT NULL
   ) STRICT;`,
  `ALTER TABLE boots ADD COLUMN notes TEXT;`,
];

export type Table = 'windows' | 'blocks';

/** A row of either table. */
export interface Row {
  readonly position: bigint;
  readonly windows: bigint;
  readonly crc32: bigint;
  readonly bytes: ArrayBuffer;
}

export const SINGLES = 'SELECT position, 1 AS windows, crc32, gzip AS bytes FROM windows';
export const BLOCKS = 'SELECT position, windows, crc32, block AS bytes FROM blocks';

/** @returns the windows of a row, as they were put in; where it is damaged, what is wrong with it */
export function read(table: Table, row: Row): Uint8Array[] | Error {
  try {
    const bytes = Buffer.from(row.bytes);
    if (crc32(bytes) !== Number(row.crc32)) return new Error('its checksum is another');
    // Where the number beside a block differs, the block is right: its checksum says so.
    return table === 'windows' ? [gunzipSync(bytes)] : unpackBlock(bytes);
  } catch (error) {
    // Written wrongly, or by another version: whatever its bytes make the reader throw, they will do so again.
    return error as Error;
  }
}
