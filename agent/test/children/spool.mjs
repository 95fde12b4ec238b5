// Appends windows, one after another, and says which number each was given, and how far the WAL then reaches.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { openSpool } from '../../dist/spool.js';

const {
  directory,
  bootId,
  maxBytes = 1 << 30,
  bytes = 500,
  count = Infinity,
  remove = false,
  pack = false,
} = JSON.parse(process.argv[2]);
const spool = openSpool({ directory, bootId, maxBytes });
const noise = (seq) =>
  Buffer.from(Array.from({ length: bytes }, (_, index) => (Number(seq) * 31 + index * index * 7) % 251));
for (let appended = 0; appended < count; appended++) {
  const { seq } = spool.append((seq) => ({
    seq,
    endMs: Number(seq) * 10,
    bytes: Buffer.concat([Buffer.from(`${bootId}/${seq}/`), noise(seq)]),
  }));
  process.stdout.write(`${seq} ${statSync(join(directory, 'spool.db-wal')).size}\n`);
  if (pack) await spool.pack();
  if (remove && seq % 5n === 0n) spool.remove(spool.peek(2));
}
setInterval(() => {}, 1000);
