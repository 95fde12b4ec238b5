// Opens each of the spools named on standard input, one a line, and says what it holds: one JSON a line.
import { createInterface } from 'node:readline';
import { openSpool } from '../../dist/spool.js';

for await (const directory of createInterface({ input: process.stdin })) {
  const spool = openSpool({ directory, bootId: 'boot', maxBytes: 1 << 30 });
  const windows = spool.peek(1000).map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
  let next;
  spool.append((seq) => ({ endMs: 0, bytes: Buffer.from(String((next = seq))) }));
  console.log(
    JSON.stringify({
      seqs: windows.map((text) => Number(text.split('/')[1])),
      sizes: windows.map((text) => text.length),
      next: Number(next),
      lastWindowEndMs: spool.lastWindowEndMs,
      windowsLost: Number(spool.windowsLost),
    }),
  );
  spool.close();
}
