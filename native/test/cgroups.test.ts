import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cgroupIdOf, DentryProbe, filesystemMagic, hierarchyOf, magic } from '@dentryscope/native';
import { makeCgroup } from './measure.mjs';
import { cgroup1Memory, cgroup2, withoutKernel } from './support.js';

const skipped = withoutKernel();
const v1 = cgroup1Memory();

describe('files', () => {
  it('tells file systems apart', () => {
    expect(filesystemMagic('/proc')).toBe(0x9fa0);
    expect(filesystemMagic('/dev/shm')).toBe(magic.tmpfs);
  });

  it('names the call, the path and the code when there is nothing', () => {
    expect(() => filesystemMagic('/nope/nope')).toThrow(
      expect.objectContaining({ code: 'ENOENT', message: expect.stringContaining('statfs /nope/nope') }),
    );
  });

  it('refuses ids of what is no cgroup', () => {
    expect(() => cgroupIdOf('/proc')).toThrow('/proc is not on a cgroup file system (magic 0x9fa0)');
  });
});

describe.skipIf(skipped)('cgroup ids', () => {
  it('are inode numbers on v2', () => {
    const root = cgroup2();
    expect(filesystemMagic(root)).toBe(magic.cgroup2);
    expect(cgroupIdOf(root)).toBe(statSync(root, { bigint: true }).ino);
  });

  it.skipIf(!v1)('carry the hierarchy in the top byte on v1', () => {
    const root = v1 ?? '';
    expect(filesystemMagic(root)).toBe(magic.cgroup1);
    expect(cgroupIdOf(root)).toBe(statSync(root, { bigint: true }).ino | (BigInt(hierarchyOf(root)) << 56n));
  });
});

describe.skipIf(skipped)('cgroup life', () => {
  it.each([['v2', () => cgroup2()] as const, ...(v1 ? [['v1', () => v1] as const] : [])])(
    'tells a cgroup of %s that is gone by now: its id and path, made and removed',
    async (_, root) => {
      const probe = DentryProbe.open();
      const cgroup = makeCgroup(root());
      await cgroup.remove();
      const events = probe.pollCgroupEvents().filter(({ id }) => id === cgroup.id);
      const path = expect.stringMatching(new RegExp(`^/(.*/)?${basename(cgroup.path)}$`));
      const both = { id: cgroup.id, hierarchy: hierarchyOf(root()), path, truncated: false };
      expect(events).toEqual([
        { kind: 'mkdir', ...both },
        { kind: 'rmdir', ...both },
      ]);
      expect(probe.cgroupEventsLost).toBe(0n);
      probe.close();
    },
  );

  it('says when a path is cut', () => {
    const probe = DentryProbe.open();
    const made = [join(cgroup2(), `dentryscope-test-${process.pid}-long`)];
    for (let i = 0; i < 3; i += 1) made.push(join(made.at(-1) ?? '', 'x'.repeat(200)));
    for (const path of made) mkdirSync(path);
    const id = cgroupIdOf(made.at(-1) ?? '');
    for (const path of made.reverse()) rmdirSync(path);
    const event = probe.pollCgroupEvents().find((one) => one.id === id);
    expect(event?.truncated).toBe(true);
    expect(event?.path.length).toBe(511);
    probe.close();
  });

  it('counts the events for which the ring had no room', async () => {
    const probe = DentryProbe.open({ eventRingBytes: 4096 });
    const cgroups = Array.from({ length: 20 }, () => makeCgroup(cgroup2()));
    for (const cgroup of cgroups) await cgroup.remove();
    const got = probe.pollCgroupEvents().length;
    expect(got).toBeGreaterThan(0);
    expect(probe.cgroupEventsLost).toBeGreaterThan(0n);
    expect(BigInt(got) + probe.cgroupEventsLost).toBeGreaterThanOrEqual(40n);
    probe.close();
  });
});
