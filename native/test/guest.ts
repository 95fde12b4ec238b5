/** measure.mjs in a guest kernel: what its JSON looks like, and what each backend must have seen. */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { runInGuest, type CgroupLayout, type KernelVersion } from '@dentryscope/lab';
import type { Backend, Counter, Hook } from '@dentryscope/native';
import { N } from './hook-table.js';
import type { Run, Told } from './measure.mjs';

export type Counts = Record<Counter, string | null>;

export interface Result {
  runs: { name: string; counts: Counts[]; failed: number; states: Told[]; attempts: number }[];
  unexplained: string | null;
  hooks: { hook: Hook; backend: Backend | null; tried: { error: string }[]; missed: string }[];
  events: { kind: string; path: string }[];
}

export interface Config {
  /** Probes that look on at the same runs. Default: one, by whatever there is. */
  opens?: object[];
  runs: Run[];
}

/**
 * Measures one configuration after another in one guest. `prepare` is shell text that ends in what runs the rest.
 * @returns what each of their probes saw
 */
export async function inGuest(
  kernel: KernelVersion,
  layout: CgroupLayout,
  workload: string,
  configs: readonly Config[],
  prepare = 'exec',
  cpus = 2,
): Promise<Result[]> {
  const measure = fileURLToPath(new URL('measure.mjs', import.meta.url));
  const list = JSON.stringify(configs.map((config) => ({ workload, ...config })));
  const script = `${prepare} node ${measure} '${list}'`;
  const { status, stdout, stderr } = await runInGuest(kernel, script, {
    cgroup: layout,
    cpus,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Result[];
}

export const hookOf = (result: Pick<Result, 'hooks'> | undefined, name: Hook) =>
  result?.hooks.find(({ hook }) => hook === name);

/** Linux before 6.1: its slab tracepoints don't say which cache. All is absent, with the reason: not 0. */
export function expectNothing(result: Result | undefined): void {
  for (const name of ['dentry_alloc', 'dentry_free'] as const) {
    expect(hookOf(result, name)?.backend).toBeNull();
    expect(hookOf(result, name)?.tried[0]?.error).toContain('does not say which slab cache');
  }
  for (const { counts } of result?.runs ?? [])
    for (const one of counts) expect(new Set(Object.values(one))).toEqual(new Set([null]));
}

/** By slab tracepoints: frees that came while the program was at another one are lost to it, and told. */
export function expectSlabBooks(result: Result | undefined): void {
  const lost = Number(result?.unexplained);
  expect(lost).toBeGreaterThanOrEqual(0);
  expect(lost).toBeLessThanOrEqual(Number(hookOf(result, 'dentry_free')?.missed));
  for (const name of ['dentry_lookup', 'dentry_unlink', 'dentry_instantiate'] as const)
    expect(hookOf(result, name)?.tried.at(-1)?.error).toBe('no tracepoint tells what becomes of a dentry');
}

/**
 * A kretprobe has as few instances as there are CPUs, and more of eight processes can be in __d_alloc() at once. A lost
 * return is told, and costs no count (bpf/dentry_kprobe.bpf.c): the books must be even all the same. One process alone
 * loses none, and each row has N: returns that are not seen at all are more than that.
 */
const mayLoseReturns = (hook: Hook, backend: Backend | null) =>
  hook === 'dentry_alloc' && backend === 'kprobe';

export function expectWhole(result: Result | undefined, backend: Backend): void {
  expect(result?.unexplained, `${backend}: allocated - freed - nr_dentry`).toBe('0');
  for (const { hook, backend: found, missed } of result?.hooks ?? []) {
    if (mayLoseReturns(hook, found)) expect(Number(missed), hook).toBeLessThan(N);
    else expect(missed, hook).toBe('0');
    if (hook !== 'cgroup_life') expect(found, hook).toBe(backend);
  }
}
