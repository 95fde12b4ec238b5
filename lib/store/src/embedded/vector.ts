/**
 * 64-bit columns into data chunks by memory copies. `DuckDBDataChunk.setColumnValues` takes a value at a time, and of each
 * NULL makes several bigints: with 16 of 36 counters present that was most of what an ingest cost. The two copies are
 * the binding's own (`copy_data_to_vector`, @duckdb/node-bindings, which node-api stands on): exact lengths are ours to give.
 */
import duckdb from '@duckdb/node-bindings';
import type { DataChunk } from '@duckdb/node-bindings';
import { HIGH } from '@dentryscope/contracts';

/** DuckDB's vector size: a chunk holds no more rows. */
export const CHUNK_ROWS = 2048;

type List = BigUint64Array | readonly bigint[];

/** Some rows of a column: `values[from]` and what follows it, or one value in all; NULL where there is none. */
export interface Piece {
  readonly values: List | bigint | undefined;
  readonly from: number;
  readonly rows: number;
}

const WORD_ROWS = 64;
const noneValid = new ArrayBuffer(CHUNK_ROWS / 8);

/** One buffer for all columns, one after the other: the copy is synchronous. */
export class Vector64 {
  private readonly values = new BigUint64Array(CHUNK_ROWS);
  private readonly words = new Int32Array(this.values.buffer);
  private readonly valid = new Uint8Array(CHUNK_ROWS / 8);

  /** @throws RangeError for a value from 2^63 on, where `signed` */
  set(chunk: DataChunk, column: number, pieces: readonly Piece[], signed: boolean): void {
    const vector = duckdb.data_chunk_get_vector(chunk, column);
    const { rows, present } = this.fill(pieces);
    const validBytes = Math.ceil(rows / WORD_ROWS) * 8;
    if (present > 0) {
      if (signed) this.checkSigns(rows);
      duckdb.copy_data_to_vector(vector, 0, this.values.buffer, 0, rows * 8);
    }
    if (present === rows) return;
    duckdb.vector_ensure_validity_writable(vector);
    const valid = present === 0 ? noneValid : this.validity(pieces);
    duckdb.copy_data_to_vector_validity(vector, 0, valid, 0, validBytes);
  }

  private fill(pieces: readonly Piece[]): { rows: number; present: number } {
    let [at, present] = [0, 0];
    for (const { values, from, rows } of pieces) {
      if (typeof values === 'object') copyValues(this.values, at, values, from, rows);
      // What was there before is of another column: NULL has no value, but the check of signs reads it.
      else this.values.fill(values ?? 0n, at, at + rows);
      if (values !== undefined) present += rows;
      at += rows;
    }
    return { rows: at, present };
  }

  private validity(pieces: readonly Piece[]): ArrayBuffer {
    this.valid.fill(0);
    let at = 0;
    for (const { values, rows } of pieces) {
      for (let row = at; values !== undefined && row < at + rows; row++)
        this.valid[row >> 3]! |= 1 << (row & 7);
      at += rows;
    }
    return this.valid.buffer;
  }

  private checkSigns(rows: number): void {
    let any = 0;
    for (let row = 0; row < rows; row++) any |= this.words[2 * row + HIGH]!;
    if (any < 0) throw new RangeError('bigint out of int64 range: the store holds integers below 2^63');
  }
}

/** 32 bits, none NULL: the same value in all rows of a run. */
export function setRuns32(
  chunk: DataChunk,
  column: number,
  runs: Iterable<{ readonly value: number; readonly rows: number }>,
): void {
  let at = 0;
  for (const { value, rows } of runs) values32.fill(value, at, (at += rows));
  const vector = duckdb.data_chunk_get_vector(chunk, column);
  duckdb.copy_data_to_vector(vector, 0, values32.buffer, 0, at * 4);
}

const values32 = new Int32Array(CHUNK_ROWS);

function copyValues(to: BigUint64Array, at: number, values: List, from: number, rows: number): void {
  if (values instanceof BigUint64Array) to.set(values.subarray(from, from + rows), at);
  // A loop: `set` of an array takes V8 ten times as long.
  else for (let row = 0; row < rows; row++) to[at + row] = values[from + row]!;
}
