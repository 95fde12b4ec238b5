/** Files of a folder stand for a cgroup's: what is asked is who is read, and how many stay open. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CgroupFiles } from '@dentryscope/native';
import { cgroup2 } from './support.js';

const root = cgroup2();
const scratch = mkdtempSync(join(tmpdir(), 'cgroup-files-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const psi = (some: number, full: number) =>
  `some avg10=0.00 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`;

const whole = {
  'cpu.stat': 'usage_usec 9\nnr_throttled 1\nthrottled_usec 7\n',
  'cpu.pressure': psi(1, 100),
  'memory.pressure': psi(2, 3),
  'io.pressure': psi(4, 5),
};

function folder(name: string, files: Record<string, string>): string {
  const path = join(scratch, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

const openFiles = () => readdirSync('/proc/self/fd').length;

describe('CgroupFiles', () => {
  it('tells throttling and PSI in ns', () => {
    const files = new CgroupFiles();
    expect(files.read(folder('whole', whole), true)).toEqual([7000n, 1000n, 2000n, 3000n, 4000n, 5000n]);
    expect(files.read(folder('v1', { 'cpu.stat': 'throttled_time 7\n' }), false)).toEqual([
      ...[7n, null, null, null, null, null],
    ]);
    files.close();
  });

  it('what a kernel or a controller does not say is null', () => {
    const files = new CgroupFiles();
    const path = folder('part', { 'cpu.stat': 'usage_usec 9\n', 'io.pressure': psi(4, 5) });
    expect(files.read(path, true)).toEqual([null, null, null, null, 4000n, 5000n]);
    expect(files.read(join(scratch, 'nobody'), true)).toEqual(new Array(6).fill(null));
    files.close();
  });

  it('looks for what was not there again, every thirtieth time', () => {
    const files = new CgroupFiles();
    const path = folder('late', { 'cpu.stat': 'usage_usec 9\n' });
    files.read(path, false);
    writeFileSync(join(path, 'cpu.stat'), 'throttled_usec 1\n');
    const told = Array.from({ length: 30 }, () => files.read(path, false)[0]);
    expect(told).toEqual([...new Array<null>(29).fill(null), 1000n]);
    files.close();
  });

  it('throws for anything else, and names the file', () => {
    const files = new CgroupFiles();
    const path = folder('odd', {});
    mkdirSync(join(path, 'cpu.stat'));
    expect(() => files.read(path, false)).toThrow(`read ${path}/cpu.stat: EISDIR`);
    files.close();
  });

  it('keeps files open, at most 1,024, and none after forget and close', () => {
    const files = new CgroupFiles();
    const before = openFiles();
    const paths = Array.from({ length: 300 }, (_, i) => folder(`many/${i}`, whole));
    for (let round = 0; round < 3; round += 1)
      for (const path of paths) expect(files.read(path, true)).toHaveLength(6);
    expect(openFiles() - before).toBe(1024);
    paths.slice(0, 256).forEach((path) => files.forget(path));
    expect(openFiles() - before).toBe(0);
    files.read(paths[0]!, true);
    files.close();
    expect(openFiles() - before).toBe(0);
  });
});

/** A regular file can be read after it is gone, a cgroup's can't (ENODEV). */
it('a cgroup that is gone is null, and its successor at the same path is read anew', () => {
  const files = new CgroupFiles();
  const path = join(root, `dentryscope-files-${process.pid}`);
  const cpuSome = () => files.read(path, true)[1];
  try {
    mkdirSync(path);
    expect(cpuSome()).toBe(0n);
    rmdirSync(path);
    mkdirSync(path);
    expect(cpuSome()).toBe(0n);
  } finally {
    rmdirSync(path);
  }
  expect(cpuSome()).toBeNull();
  files.close();
});
