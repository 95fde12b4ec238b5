// Makes a copy of a spool for each place that it is told, spoils it there, and says what is then in it: one JSON a line.
// In a process of its own: libsql keeps the files of a closed database open until it is collected (--expose-gc).
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSpool } from '../../dist/spool.js';

const { scratch, main, wal, instead, spoil, places } = JSON.parse(readFileSync(0, 'utf8'));
const files = { main: readFileSync(main), wal: wal ? readFileSync(wal) : Buffer.alloc(0) };
/** What was on the disk before, where only a part has been written. */
const old = instead ? readFileSync(instead) : undefined;

const spoilt = {
  cut: (bytes, at) => bytes.subarray(0, at),
  flip: (bytes, at) => Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))),
  part: (bytes, at) => Buffer.concat([bytes.subarray(0, at), old.subarray(at)]),
};

function look(directory) {
  let windows = 0;
  const onDamaged = (_reason, count) => void (windows += count);
  const spool = openSpool({ directory, bootId: 'boot', maxBytes: 1 << 30, onDamaged });
  const texts = [];
  for (let some = spool.peek(32), turns = 0; some.length > 0; some = spool.peek(32)) {
    texts.unshift(...some.map(({ bytes }) => Buffer.from(bytes).toString('latin1')));
    spool.remove(some);
    if (++turns > 100) throw new Error('what was removed is still there');
  }
  const next = Number(spool.append((seq) => ({ seq, endMs: 0, bytes: Buffer.from('next') })).seq);
  const seen = { texts, next, size: spool.size, lost: Number(spool.windowsLost), told: windows };
  spool.close();
  return seen;
}

for (const [n, at] of places.entries()) {
  const directory = join(scratch, `torn-${process.pid}-${n}`);
  mkdirSync(directory);
  const [kind, how] = spoil.split(' ');
  const bytes = { ...files, [kind]: spoilt[how](files[kind], at) };
  writeFileSync(join(directory, 'spool.db'), bytes.main);
  if (wal) writeFileSync(join(directory, 'spool.db-wal'), bytes.wal);
  try {
    console.log(JSON.stringify({ at, ...look(directory) }));
  } catch (error) {
    console.log(JSON.stringify({ at, error: error.message, texts: [] }));
  }
  rmSync(directory, { recursive: true });
  if (n % 50 === 49) globalThis.gc();
}
