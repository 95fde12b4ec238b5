import { mkdtempSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CgroupTree, cgroupId } from '@dentryscope/identity';
import { afterAll, describe, expect, test } from 'vitest';
import { freshName, make, missing, remove, root } from './cgroups.js';

const real = { procRoot: '/proc', cgroupRoot: root };
const scratch = mkdtempSync(join(tmpdir(), 'dentryscope-identity-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const uid = '2c48913c-b29f-11e7-9350-020968147796';
const containerId = 'ab12'.repeat(16);

const reason = missing();
if (reason && process.env['CI'] === 'true') throw new Error(reason);
const seen = (await CgroupTree.open(real)).hierarchies();
const mounted = [
  ...(seen.v2 === undefined ? [] : [{ controllers: 'v2', path: seen.v2, hierarchyId: 0 }]),
  ...seen.v1,
];

test('this machine has a hierarchy to test on', () => {
  expect(mounted.length).toBeGreaterThan(0);
});

describe.skipIf(reason).each(mounted)(
  '$controllers, number $hierarchyId',
  ({ controllers, path: mount, hierarchyId }) => {
    const mine = (tree: CgroupTree, name: string) =>
      tree.changes().filter(({ path }) => path.startsWith(name));

    test('the walk finds a cgroup, names it, and remembers it when it is gone', async () => {
      const tree = await CgroupTree.open(real);
      const name = freshName();
      const path = `${name}/kubepods/burstable/pod${uid}/${containerId}`;
      const id = cgroupId(make(mount, path), hierarchyId);
      tree.changes();
      await tree.reconcile();
      const record = { id, path, hierarchy: controllers, podUid: uid, containerId, removed: false };
      expect(tree.lookup(id)).toEqual(record);
      expect(mine(tree, name)).toHaveLength(5);
      expect(mine(tree, name)).toEqual([]);
      remove(join(mount, name));
      await tree.reconcile();
      expect(tree.lookup(id)).toEqual({ ...record, removed: true });
      expect(mine(tree, name)).toHaveLength(5);
      expect(tree.all().find((one) => one.id === id)).toBeUndefined();
    });

    test('a cgroup that lived between two walks has its name from the events', async () => {
      const tree = await CgroupTree.open(real);
      const path = `${freshName()}/pod${uid}`;
      const id = make(mount, path);
      tree.apply({ kind: 'mkdir', id, path, hierarchyId });
      remove(join(mount, path));
      tree.apply({ kind: 'rmdir', id, path, hierarchyId });
      const record = {
        id: cgroupId(id, hierarchyId),
        path,
        hierarchy: controllers,
        podUid: uid,
        containerId: '',
        removed: true,
      };
      expect(mine(tree, path)).toEqual([record]);
      await tree.reconcile();
      expect(tree.lookup(record.id)).toEqual(record);
      // Heard of late, it stays dead.
      tree.apply({ kind: 'mkdir', id, path, hierarchyId });
      expect(tree.lookup(record.id)).toEqual(record);
    });

    test('one of which nobody heard is unknown once it is gone, and none that lives or is remembered', async () => {
      const tree = await CgroupTree.open(real);
      const [missed, known] = [freshName(), freshName()];
      const [id, other] = [make(mount, missed), make(mount, known)].map((inode) =>
        cgroupId(inode, hierarchyId),
      );
      await tree.reconcile();
      expect([id!, other!].map((one) => tree.isUnknown(one))).toEqual([false, false]);
      remove(mount + missed);
      await tree.reconcile();
      expect(tree.isUnknown(id!)).toBe(false);
      const later = await CgroupTree.open(real);
      expect([id!, other!].map((one) => later.isUnknown(one))).toEqual([true, false]);
      // Of a hierarchy that was not walked nothing is known.
      expect(later.isUnknown(cgroupId(BigInt.asUintN(56, id!), 255))).toBe(false);
    });

    test('what an event adds during a walk is not taken for vanished by that walk', async () => {
      const tree = await CgroupTree.open(real);
      const name = freshName();
      for (let n = 0; n < 300; n++) make(mount, `${name}/${n}`);
      const walking = tree.reconcile();
      const path = freshName();
      const id = make(mount, path);
      tree.apply({ kind: 'mkdir', id, path, hierarchyId });
      await walking;
      expect(tree.lookup(cgroupId(id, hierarchyId))).toMatchObject({ path, removed: false });
      await tree.reconcile();
      expect(tree.lookup(cgroupId(id, hierarchyId))).toMatchObject({ path, removed: false });
    });

    test('churn during walks: nothing stale, nothing wrong', async () => {
      const tree = await CgroupTree.open(real);
      const name = freshName();
      const expected = new Map<bigint, string>();
      for (let n = 0; n < 1000; n++) {
        const path = `${name}/pod${n}`;
        expected.set(cgroupId(make(mount, path), hierarchyId), path);
        if (n % 100 === 0) void tree.reconcile();
        if (n % 2) remove(join(mount, path));
        if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await tree.reconcile();
      await tree.reconcile();
      const living = tree.all().filter(({ path }) => path.startsWith(`${name}/`));
      expect(living).toHaveLength(500);
      for (const { id, path } of living) expect(path).toBe(expected.get(id));
      for (const { id, path } of living)
        expect(cgroupId(statSync(mount + path, { bigint: true }).ino, hierarchyId)).toBe(id);
    });

    test('a leaf has a link count of 2, which the walk relies on', () => {
      const name = freshName();
      make(mount, `${name}/a`);
      expect(statSync(join(mount, name, 'a')).nlink).toBe(2);
      expect(statSync(join(mount, name)).nlink).toBe(3);
    });
  },
);

describe.skipIf(reason ?? !seen.v1[0])('cgroup v1', () => {
  test('a renamed cgroup and what is below it have their new paths', async () => {
    const { path: mount, hierarchyId } = seen.v1[0]!;
    const [before, after] = [freshName(), freshName()];
    make(mount, after);
    const id = cgroupId(make(mount, `${before}/a`), hierarchyId);
    const tree = await CgroupTree.open(real);
    expect(tree.lookup(id)?.path).toBe(`${before}/a`);
    remove(mount + after);
    renameSync(mount + before, mount + after);
    await tree.reconcile();
    expect(tree.lookup(id)).toMatchObject({ path: `${after}/a`, removed: false });
  });

  test('the same kernfs id in two hierarchies is two cgroups', async () => {
    const tree = await CgroupTree.open(real);
    const roots = tree.all().filter(({ path }) => path === '/');
    expect(new Set(roots.map(({ id }) => id)).size).toBe(mounted.length);
    expect(roots.map(({ id }) => BigInt.asUintN(56, id))).toEqual(mounted.map(() => 1n));
  });
});

test('ids: the number of the hierarchy in the top byte, 64 bits in all', () => {
  expect(cgroupId(3523n, 0)).toBe(3523n);
  expect(cgroupId(3523n, 4)).toBe((4n << 56n) | 3523n);
  expect(cgroupId(cgroupId(3523n, 4), 4)).toBe(cgroupId(3523n, 4));
  expect(cgroupId(1n, 257)).toBe((1n << 56n) | 1n);
});

describe('the dead', () => {
  test('are forgotten by age and by number, the oldest first', async () => {
    let nowMs = 0;
    const procRoot = fakeProc([], '0::/\n');
    const tree = await CgroupTree.open({ ...real, procRoot, keepMs: 1000, keepCount: 3, nowMs: () => nowMs });
    const died = (id: bigint) => tree.apply({ kind: 'rmdir', id, path: `/x${id}`, hierarchyId: 0 });
    for (const id of [11n, 12n, 13n, 14n]) died(id);
    expect([11n, 12n, 13n, 14n].map((id) => tree.lookup(id)?.path)).toEqual([
      undefined,
      '/x12',
      '/x13',
      '/x14',
    ]);
    nowMs = 900;
    died(15n);
    nowMs = 1001;
    expect([12n, 13n, 14n, 15n].map((id) => tree.lookup(id)?.path)).toEqual([
      undefined,
      undefined,
      undefined,
      '/x15',
    ]);
    expect(tree.changes()).toHaveLength(5);
  });
});

describe('what is mounted', () => {
  test('nothing', async () => {
    const { problems, ...rest } = (await CgroupTree.open({ ...real, cgroupRoot: scratch })).hierarchies();
    expect(rest).toEqual({ v2: undefined, v1: [], layout: 'none', preferV1: false });
    expect(problems).toEqual([`no cgroup file system is to be had below DENTRYSCOPE_CGROUP_ROOT=${scratch}`]);
  });

  test('a procRoot that is none names the setting', async () => {
    await expect(CgroupTree.open({ ...real, procRoot: scratch })).rejects.toThrow(/^DENTRYSCOPE_PROC_ROOT=/);
  });

  test('files that look like cgroups are not believed', async () => {
    const fake = join(scratch, 'fake cgroup');
    mkdirSync(join(fake, 'system.slice'), { recursive: true });
    for (const file of ['cgroup.procs', 'cgroup.controllers']) writeFileSync(join(fake, file), '1\n');
    const escaped = fake.replaceAll(' ', '\\040');
    const procRoot = fakeProc(
      [`40 31 0:38 / ${escaped} rw,relatime shared:9 - cgroup2 cgroup2 rw`],
      '0::/\n',
    );
    const tree = await CgroupTree.open({ procRoot, cgroupRoot: fake });
    expect(tree.all()).toEqual([]);
    expect(tree.hierarchies()).toMatchObject({ v2: undefined, layout: 'none' });
    expect(tree.hierarchies().problems[1]).toMatch(
      /fake cgroup is not believed: mountinfo calls it cgroup2, statfs says 0x/,
    );
  });

  test.skipIf(reason)('a tmpfs mounted where the cgroups should be is not believed', async () => {
    const fake = mkdtempSync(join(scratch, 'tmpfs-'));
    execFileSync('mount', ['-t', 'tmpfs', 'cgroup2', fake]);
    try {
      writeFileSync(join(fake, 'cgroup.procs'), '1\n');
      const procRoot = fakeProc([`40 31 0:38 / ${fake} rw - cgroup2 cgroup2 rw`], '0::/\n');
      const tree = await CgroupTree.open({ procRoot, cgroupRoot: fake });
      expect(tree.hierarchies().problems[1]).toContain('statfs says 0x1021994');
      expect((await CgroupTree.open({ ...real, cgroupRoot: fake })).hierarchies().layout).toBe('none');
    } finally {
      execFileSync('umount', [fake]);
    }
  });

  test.skipIf(!seen.v2)('v2 alone, and a part of it only', async () => {
    const line = (path: string, prefix: string) =>
      `41 31 0:38 ${prefix} ${path} rw,relatime - cgroup2 cgroup2 rw`;
    const whole = await CgroupTree.open({ ...real, procRoot: fakeProc([line(seen.v2!, '/')], '0::/\n') });
    expect(whole.hierarchies()).toMatchObject({
      v2: seen.v2,
      v1: [],
      layout: 'v2',
      preferV1: false,
      problems: [],
    });
    if (reason) return;
    const name = freshName();
    const id = make(seen.v2!, `${name}/a`);
    const procRoot = fakeProc([line(seen.v2! + name, name)], '0::/\n');
    const part = await CgroupTree.open({ ...real, procRoot });
    expect(part.lookup(id)?.path).toBe(`${name}/a`);
    expect(part.hierarchies().problems[0]).toContain('shows a part of its hierarchy only');
  });

  test.skipIf(reason ?? (!seen.v2 || !seen.v1[0]))(
    'hybrid: v1 is preferred where systemd only tracks in v2',
    async () => {
      // A part of the real v2 stands for its root: other tests see the root as it is.
      const name = freshName();
      make(seen.v2!, name);
      const { path, controllers, hierarchyId } = seen.v1[0]!;
      const lines = [
        `41 31 0:38 ${name} ${seen.v2 + name} rw - cgroup2 cgroup2 rw`,
        `32 31 0:31 / ${path} rw - cgroup cgroup rw,${controllers}`,
      ];
      const procRoot = fakeProc(lines, `${hierarchyId}:${controllers}:/\n0::/\n`);
      const tree = await CgroupTree.open({ ...real, procRoot });
      expect(tree.hierarchies()).toMatchObject({ layout: 'hybrid', preferV1: false });
      make(seen.v2!, `${name}/system.slice`);
      await tree.reconcile();
      expect(tree.hierarchies()).toMatchObject({ layout: 'hybrid', preferV1: true });
    },
  );

  test.skipIf(!seen.v1[0])(
    'v1 alone is preferred; controllers mounted together are one hierarchy',
    async () => {
      const { path, controllers, hierarchyId } = seen.v1[0]!;
      const procRoot = fakeProc(
        [`32 31 0:31 / ${path} rw - cgroup cgroup rw,${controllers},foo`],
        `${hierarchyId}:${controllers},foo:/\n`,
      );
      expect((await CgroupTree.open({ ...real, procRoot })).hierarchies()).toMatchObject({
        v2: undefined,
        v1: [{ controllers: `${controllers},foo`, path, hierarchyId }],
        layout: 'v1',
        preferV1: true,
      });
      const none = await CgroupTree.open({ ...real, procRoot, controllers: ['hugetlb'] });
      expect(none.hierarchies().layout).toBe('none');
    },
  );
});

/** A procfs that says what is mounted; the file systems it speaks of are the real ones. */
function fakeProc(mountinfo: string[], cgroup: string): string {
  const procRoot = mkdtempSync(join(scratch, 'proc-'));
  mkdirSync(join(procRoot, 'self'));
  writeFileSync(
    join(procRoot, 'self/mountinfo'),
    `22 27 0:21 / /proc rw - proc proc rw\n${mountinfo.join('\n')}\n`,
  );
  writeFileSync(join(procRoot, 'self/cgroup'), cgroup);
  return procRoot;
}
