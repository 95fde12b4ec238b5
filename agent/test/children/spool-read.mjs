// Opens each of the spools named on standard input, one a line, takes out of it what it holds, and says what that was: one JSON a line.
import { createInterface } from 'node:readline';
import { openSpool } from '../../dist/spool.js';

for await (const directory of createInterface({ input: process.stdin })) {
  const spool = openSpool({ directory, bootId: 'boot', maxBytes: 1 << 30 });
  const taken = [];
  for (let some = spool.peek(1000); some.length > 0; some = spool.peek(1000)) {
    taken.unshift(...some);
    spool.remove(some);
  }
  const windows = taken.map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
  let next;
  spool.append((seq) => ({ endMs: 0, bytes: Buffer.from(String((next = seq))) }));
  console.log(
    JSON.stringify({
      seqs: windows.map((text) => Number(text.split('/')[1])),
      sizes: windows.map((text) => text.length),
      next: Number(next),
      lastWindowEndMs: spool.lastWindowEndMs,
      windowsLost: Number(spool.windowsLost),
      blocks: taken.filter(({ packed }) => packed).length,
    }),
  );
  spool.close();
}
