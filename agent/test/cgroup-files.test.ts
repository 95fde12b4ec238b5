/** The addon and what stands in for it say the same of the same files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CgroupFiles } from '@dentryscope/native';
import { fileCounters, withoutAddon } from '../src/collectors/cgroup-files.js';

const scratch = mkdtempSync(join(tmpdir(), 'cgroup-files-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const psi = (some: number, full: number) =>
  `some avg10=1.50 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`;

it.each<[string, Record<string, string>]>([
  [
    'v2',
    {
      'cpu.stat': 'usage_usec 9\nthrottled_usec 7\n',
      'cpu.pressure': psi(1, 9),
      'memory.pressure': psi(2, 3),
    },
  ],
  ['no controller', { 'cpu.stat': 'usage_usec 9\n', 'io.pressure': psi(4, 5) }],
  ['v1', { 'cpu.stat': 'nr_periods 1\nthrottled_time 7\n' }],
  ['nothing', {}],
])('of %s', (name, files) => {
  const directory = mkdtempSync(join(scratch, 'cgroup-'));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
  const addon = new CgroupFiles();
  for (const withPsi of [true, false])
    expect(addon.read(directory, withPsi)).toEqual(withoutAddon.read(directory, withPsi));
  addon.close();
  const told = withoutAddon.read(directory, true).map((total, i) => [fileCounters[i], total]);
  if (name === 'v2')
    expect(Object.fromEntries(told)).toEqual({
      ...{ cpuThrottledNs: 7000n, psiCpuSomeNs: 1000n, psiMemorySomeNs: 2000n, psiMemoryFullNs: 3000n },
      ...{ psiIoSomeNs: null, psiIoFullNs: null },
    });
});
