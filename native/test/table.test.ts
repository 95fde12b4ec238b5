/** The hook table on this machine's own kernel, whatever backend it allows. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DentryProbe } from '@dentryscope/native';
import { N, nameOf, slab, table, whole } from './hook-table.js';
import { countsOf, makeCgroup, work } from './measure.mjs';
import { cgroup2, compileWorkload, scratch, withoutKernel } from './support.js';

const skipped = withoutKernel();

describe.skipIf(skipped)('on this kernel', () => {
  const dir = scratch();
  const binary = skipped ? '' : compileWorkload(dir);
  const root = skipped ? '' : cgroup2();
  const [memory, bind] = [join(dir, 'memory'), join(dir, 'bind')];
  const [lower, upper, work_, merged] = ['lower', 'upper', 'work', 'merged'].map((name) =>
    join(memory, name),
  );
  /** Where this machine has what the guests have at these paths. */
  const places: Record<string, string> = {
    '/data': dir,
    '/run': memory,
    '/run/bind': bind,
    '/run/overlay/merged': merged!,
  };
  const mounted: string[] = [];

  function mount(target: string, ...args: string[]): void {
    mkdirSync(target, { recursive: true });
    execFileSync('mount', [...args, target]);
    mounted.unshift(target);
  }

  beforeAll(() => {
    mount(bind, '--bind', dir);
    mount(memory, '-t', 'tmpfs', 'none');
    for (const layer of [lower!, upper!, work_!]) mkdirSync(layer);
    mount(merged!, '-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work_}`, 'none');
  });
  // The scratch folder's own clean-up comes after this one.
  afterAll(() => mounted.forEach((target) => execFileSync('umount', [target])));

  it.each(table.map((row) => [nameOf(row), row] as const))('%s', async (_, { op, dir: place, expected }) => {
    const cgroup = makeCgroup(root);
    const probe = DentryProbe.open();
    try {
      await work(binary, { op, n: N, dir: places[place]! }, [cgroup]);
      const alloc = probe.hooks.find(({ hook }) => hook === 'dentry_alloc')!;
      const must = alloc.backend === 'tracepoint' ? slab(expected) : whole(expected);
      const counts = Object.entries(countsOf(probe.drain(), cgroup.id));
      expect(Object.fromEntries(counts.map(([name, n]) => [name, n === null ? null : String(n)]))).toEqual(
        must,
      );
    } finally {
      probe.close();
      await cgroup.remove();
    }
  });
});
