/** Parts of the addon, compiled without Node, for what this machine's kernel does not do when it is asked to. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compileWithAddon, scratch, withoutKernel } from './support.js';

const folder = scratch();
const run = (binary: string, ...args: string[]) => execFileSync(binary, args, { encoding: 'utf8' });

it('CPUs whose numbers have holes', () => {
  const binary = compileWithAddon(folder, 'cpus.cc', ['cpus.cc']);
  expect(run(binary, '0-3,8-11', '0', '5,7').split('\n')).toEqual(['0 1 2 3 8 9 10 11 ', '0 ', '5 7 ', '']);
  expect(run(binary, 'a', '0-', '', '99999999').split('\n')).toEqual([
    'the number of a CPU is not "a"',
    'the number of a CPU is not ""',
    'no CPU in ""',
    'the number of a CPU is not "99999999"',
    '',
  ]);
  expect(run(binary)).toMatch(/^0 /);
});

describe.skipIf(withoutKernel())('a count that was taken back', () => {
  it('is not told below 0, nor below what was told before', () => {
    const parts = ['dentry_counts.cc', 'counter_table.cc', 'cpus.cc', 'bpf_object.cc', 'checks.cc'];
    const binary = compileWithAddon(folder, 'taken_back.cc', [...parts, 'kernel_btf.cc', 'libbpf_log.cc']);
    expect(run(binary).split('\n')).toEqual(['0 0', '0 0', '3 3', '3 3', '4 4', '']);
  });
});
