/** Cgroups of whose birth and death nobody heard. The counts are the test's own, the cgroups this machine's. */
import { CgroupTree } from '@dentryscope/identity';
import type { DentryProbe } from '@dentryscope/native';
import { expect, it } from 'vitest';
import { Admission } from '../src/admission.js';
import { Sampler } from '../src/sampler.js';
import { DentrySignal } from '../src/signals/dentries.js';
import { Strangers } from '../src/strangers.js';
import { FakeProbe } from './fake-probe.js';

const facts = {
  ...{ cluster: 'c', node: 'n', bootId: 'b', kernelRelease: '6.1.0', agentVersion: '0' },
  procRoot: '/proc',
};
/** No inode of this machine's cgroups. */
const [gone, alsoGone] = [900_001n, 900_002n] as const;

it('who is unknown to two walks in a row is gone; who is seen in between, or is no cgroup, is not', () => {
  const strangers = new Strangers();
  const walk = (counted: bigint[], ...unknown: bigint[]) =>
    strangers.gone(counted, (id) => unknown.includes(id));
  expect(walk([0n, 5n, 6n, 7n], 0n, 5n, 6n)).toEqual([]);
  // 6 was born after the walk had passed its parent; 8 is new.
  expect(walk([0n, 5n, 6n, 7n, 8n], 0n, 5n, 8n)).toEqual([5n]);
  expect(walk([0n, 6n, 7n, 8n], 0n, 6n, 8n)).toEqual([8n]);
});

it('gives the places of cgroups back whose birth and death were missed, once a window has their counts', async () => {
  const probe = new FakeProbe();
  const tree = await CgroupTree.open({ procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' });
  const living = tree.all().find(({ path }) => path === '/')!.id;
  const kernel = {
    signals: [new DentrySignal(probe as unknown as DentryProbe, facts)],
    pollCgroupEvents: () => [],
    // So that each window has a walk.
    sawAllCgroups: () => false,
  };
  const admission = new Admission({ maxCgroups: 100, newCgroupsPerHour: 100, lives: () => true });
  const sampler = new Sampler(facts, kernel, tree, admission);
  const window = async (keep = true) => {
    await sampler.prepare();
    const sample = sampler.take({ startMs: 1, endMs: 2, behindMs: 0, endNs: 2n, durationNs: 1n }, 0n);
    if (keep) sample.keep();
    return sample.init.cgroups!.ids;
  };
  // Others on this machine make cgroups and remove them meanwhile.
  const forgotten = () => [living, gone, alsoGone].filter((id) => probe.forgotten.includes(id));
  probe.ids = [living, gone, alsoGone];
  expect(await window()).toEqual([living, gone, alsoGone]);
  expect(await window()).toEqual([]);
  expect(forgotten()).toEqual([]);
  // Not kept: nobody has read what they counted last.
  await window(false);
  expect(forgotten()).toEqual([]);
  await window();
  expect(forgotten()).toEqual([gone, alsoGone]);
});
