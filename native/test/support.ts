import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { hookReport } from '@dentryscope/native';

const here = dirname(fileURLToPath(import.meta.url));
const repo = join(here, '../..');

/** A folder in the repository's ignored cache, so on the same (real) file system; gone after the test file. */
export function scratch(): string {
  const cache = join(repo, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'native-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Compiles a program of this folder into `folder`. */
export function compile(folder: string, source: string): string {
  const binary = join(folder, source.replace('.c', ''));
  const flags = ['-O1', '-Wall', '-Werror', `-I${join(repo, 'bpf/include')}`];
  execFileSync('gcc', [...flags, '-o', binary, join(here, source), '-lm', '-lbpf']);
  return binary;
}

/** Of a BPF program, with the headers that are shipped. */
export function compileBpf(folder: string, source: string): string {
  const object = join(folder, source.replace('.bpf.c', '.bpf.o'));
  const multiarch = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
  const flags = ['-target', 'bpf', '-g', '-O2', '-Wall', '-Werror', '-Wno-unused-function'];
  const include = [`-I${join(repo, 'bpf/include')}`, '-idirafter', `/usr/include/${multiarch}`];
  execFileSync('clang', [...flags, ...include, '-c', join(here, source), '-o', object]);
  return object;
}

/** The same of a C++ program, with these sources of the addon. */
export function compileWithAddon(folder: string, source: string, parts: readonly string[]): string {
  const binary = join(folder, source.replace('.cc', ''));
  const addon = join(repo, 'native/addon');
  const flags = ['-std=c++20', '-O1', '-Wall', '-Werror', `-I${addon}`, `-I${join(repo, 'bpf/include')}`];
  const sources = [join(here, source), ...parts.map((part) => join(addon, part))];
  execFileSync('g++', [...flags, '-o', binary, ...sources, '-lbpf']);
  return binary;
}

export function compileWorkload(folder: string): string {
  return compile(folder, 'workload.c');
}

/** Why this machine's kernel can't be measured, or undefined; the reason is printed. With CI=true it throws. */
export function withoutKernel(): string | undefined {
  const alloc = hookReport().find(({ hook }) => hook === 'dentry_alloc');
  if (alloc?.backend) return undefined;
  const reason = `this machine's kernel: ${alloc?.tried.map(({ backend, error }) => `${backend}: ${error}`).join('; ')}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return reason;
}

/** Where a hierarchy with this option is mounted. */
export function mounted(type: string, option: string): string | undefined {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  const fields = lines.map((line) => line.split(' '));
  const found = fields.find(
    (line) => line.at(-3) === type && (line.at(-1) ?? '').split(',').includes(option),
  );
  return found?.[4];
}

/** Where cgroup v2 is; mounted for the test when the machine has none. */
export function cgroup2(): string {
  const found = mounted('cgroup2', 'rw');
  if (found !== undefined) return found;
  const folder = mkdtempSync(join(tmpdir(), 'cgroup2-'));
  execFileSync('mount', ['-t', 'cgroup2', 'none', folder]);
  afterAll(() => {
    execFileSync('umount', [folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** Where the v1 memory hierarchy is, if it is one. */
export function cgroup1Memory(): string | undefined {
  return mounted('cgroup', 'memory');
}
