import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FunctionNames } from '../src/signals/function-names.js';

const scratch = mkdtempSync(join(tmpdir(), 'function-names-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function names(text: string): FunctionNames {
  const path = join(scratch, 'kallsyms');
  writeFileSync(path, text);
  return new FunctionNames(path);
}

const FIRST = 0xffff_ffff_8100_0000n;
const line = (i: number) => `${(FIRST + BigInt(16 * i)).toString(16)} t function_${i}\n`;

it('every line is found, wherever the blocks of a read end', () => {
  const lines = Array.from({ length: 6_000 }, (_, i) => line(i));
  const found = names(`0000000000000000 A fixed_percpu_data\n${lines.join('')}`);
  for (let i = 1_600; i < 6_000; i += 7) expect(found.at(FIRST + BigInt(16 * i))).toBe(`function_${i}`);
  expect(found.problems()).toEqual([]);
});

it('the last line needs no end', () => {
  expect(names('ffffffff81000000 t last').at(FIRST)).toBe('last');
});

it('what is not there is not called hidden, and what is hidden is', () => {
  const absent = names(`0000000000000000 A fixed_percpu_data\n${line(0)}`);
  expect(absent.at(1n)).toBe('unknown');
  expect(absent.problems()).toEqual(['shrinkers have no names: not in /proc/kallsyms']);
  const hidden = names('0000000000000000 t other\n');
  expect(hidden.at(1n)).toBe('unknown');
  expect(hidden.problems()).toEqual([expect.stringContaining('kptr_restrict')]);
});

it('no file is told as the reason', () => {
  const gone = new FunctionNames(join(scratch, 'nowhere'));
  expect(gone.at(FIRST)).toBe('unknown');
  expect(gone.problems()).toEqual([expect.stringContaining('ENOENT')]);
});
