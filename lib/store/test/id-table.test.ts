import { expect, test } from 'vitest';
import { IdTable } from '../src/influx/id-table.js';
import { mulberry32 } from '../../../scripts/lib/random.mjs';

test('holds what a Map holds, whatever is set, replaced and deleted', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const next = mulberry32(seed);
    const [table, map] = [new IdTable(), new Map<bigint, number>()];
    // Few homes, in both words, so that searches run into each other and around the end.
    const ids = Array.from(
      { length: 60 },
      () => (BigInt((next() * 4) | 0) << 32n) + BigInt(1 + ((next() * 20) | 0)),
    );
    for (let n = 0; n < 2000; n++) {
      const id = ids[(next() * ids.length) | 0]!;
      if (next() < 0.5) {
        table.set(id, n);
        map.set(id, n);
      } else {
        table.delete(id);
        map.delete(id);
      }
      expect(table.size).toBe(map.size);
      if (n % 20 === 0) for (const one of ids) expect(table.get(one)).toBe(map.get(one));
    }
  }
});

test('ids of all 64 bits are told apart; 0 is none', () => {
  const table = new IdTable();
  const ids = [1n, 1n << 32n, (1n << 32n) + 1n, (1n << 64n) - 1n, 0xffff_ffffn, 0xffff_ffffn << 32n];
  for (const [n, id] of ids.entries()) table.set(id, n);
  expect(ids.map((id) => table.get(id))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(table.get(2n)).toBeUndefined();
  expect(() => table.set(0n, 1)).toThrow(RangeError);
});
