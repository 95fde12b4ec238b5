/** In a process of its own: what is unmapped is the whole process's. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const native = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const script = `
  import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
  import { DentryProbe, releaseStartupMemory } from ${JSON.stringify(native)};
  const codeOf = (name) => readFileSync('/proc/self/maps', 'utf8').split('\\n').find((line) => line.includes(' r-xp ') && line.includes(name));
  const residentCode = () => {
    const mappings = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
    const code = mappings.filter((mapping) => mapping.includes(' r-xp ') && mapping.includes(process.execPath + '\\n'));
    return code.reduce((sum, mapping) => sum + 1024 * Number(/Rss: *(\\d+)/.exec(mapping)[1]), 0);
  };
  // As a debugger does: the last byte of libm's code is nobody's.
  const to = parseInt(codeOf('/libm.so').split(' ')[0].split('-')[1], 16);
  const memory = openSync('/proc/self/mem', 'r+');
  writeSync(memory, Buffer.from([0xcc]), 0, 1, to - 1);
  const before = residentCode();
  const told = releaseStartupMemory();
  const after = residentCode();
  const byte = Buffer.alloc(1);
  readSync(memory, byte, 0, 1, to - 1);
  closeSync(memory);
  // What follows runs in the code that was unmapped.
  for (let n = 0; n < 3; n++) {
    DentryProbe.open().close();
    releaseStartupMemory();
  }
  console.log(JSON.stringify({ before, told, after, byte: byte[0], sum: [1, 2, 3].map((n) => n ** 2) }));
`;

it('the code of the start is unmapped, what somebody changed in it stays, and all goes on', () => {
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const { before, told, after, byte, sum } = JSON.parse(text) as Record<string, number> & { sum: number[] };
  expect(before).toBeGreaterThan(10 << 20);
  expect(told).toBeGreaterThanOrEqual(before!);
  expect(after).toBeLessThan(before! / 2);
  expect(byte).toBe(0xcc);
  expect(sum).toEqual([1, 4, 9]);
});
