/** Orders of events that a real API server shows by chance only. */
import { expect, test } from 'vitest';
import { Directory } from '../src/kube/directory.js';
import type { ContainerName } from '../src/kube/directory.js';
import { toOwned, toPod } from '../src/kube/objects.js';
import { ownerOf } from './kube.js';

function setup(keepCount = 100) {
  const clock = { nowMs: 0 };
  const told: ContainerName[] = [];
  const onNames = (names: readonly ContainerName[]) => void told.push(...names);
  const directory = new Directory({ keepMs: 1000, keepCount, nowMs: () => clock.nowMs, onNames });
  return { clock, told, directory };
}

const pod = (uid: string, name: string, ids: string[] = [], extra: object = {}) =>
  toPod({
    metadata: { uid, name, namespace: 'default', resourceVersion: '1', ...extra },
    status: { containerStatuses: ids.map((id, n) => ({ name: `c${n}`, containerID: `cri-o://${id}` })) },
  });

const set = (uid: string, deployment: string) => {
  const owner = ownerOf('Deployment', { metadata: { name: deployment, uid: `uid-${deployment}` } });
  return toOwned({ metadata: { uid, name: `${deployment}-1`, ownerReferences: [owner] } });
};

test('a pod that was replaced under its name while nobody watched: both keep their own names', () => {
  const { directory } = setup();
  directory.setPod(pod('one', 'db-0', ['a']));
  directory.setPod(pod('two', 'db-0', ['b']));
  expect(directory.size()).toEqual({ living: 1, dead: 1 });
  expect(['a', 'b', 'one', 'two'].map((id) => directory.nameOf(id)?.podUid)).toEqual([
    'one',
    'two',
    'one',
    'two',
  ]);
});

test('the news of an old death does not bury its successor', () => {
  const { directory } = setup();
  directory.setPod(pod('one', 'db-0'));
  directory.setPod(pod('two', 'db-0'));
  directory.removePod(pod('one', 'db-0'));
  expect(directory.size()).toEqual({ living: 1, dead: 1 });
  directory.removePod(pod('two', 'db-0'));
  directory.setPod(pod('three', 'db-0'));
  expect(directory.size()).toEqual({ living: 1, dead: 2 });
});

test('containers that only the last state of a deleted pod shows', () => {
  const { directory, told } = setup();
  directory.setPod(pod('one', 'short'));
  directory.removePod(pod('one', 'short', ['a']));
  expect(directory.nameOf('a')).toMatchObject({ podUid: 'one', container: 'c0' });
  expect(told.map(({ containerId }) => containerId)).toEqual(['', 'a']);
});

test('only what is new or changed is told', () => {
  const { directory, told } = setup();
  directory.setPod(pod('one', 'web', ['a']));
  directory.setPod(pod('one', 'web', ['a']));
  directory.setPod(pod('one', 'web', ['a', 'b']));
  expect(told.map(({ containerId }) => containerId)).toEqual(['', 'a', 'b']);
});

test('an owner that is heard of after the pod has died still names its workload', () => {
  const { directory, told } = setup();
  const ownerReferences = [ownerOf('ReplicaSet', { metadata: { name: 'web-1', uid: 'set' } })];
  directory.setPod(pod('one', 'web-1-a', ['a'], { ownerReferences }));
  directory.removePod(pod('one', 'web-1-a', ['a'], { ownerReferences }));
  expect(directory.nameOf('a')?.workload).toBe('ReplicaSet/web-1');
  directory.setOwner(set('set', 'web'));
  expect(directory.nameOf('a')?.workload).toBe('Deployment/web');
  expect(told.at(-1)).toMatchObject({ containerId: 'a', workload: 'Deployment/web' });
  directory.removeOwner(set('set', 'web'));
  directory.setPod(pod('two', 'web-1-b', ['b'], { ownerReferences }));
  expect(directory.nameOf('b')?.workload).toBe('Deployment/web');
});

test('a mirror pod that was made again keeps its name when the first one is forgotten', () => {
  const { clock, directory } = setup();
  const annotations = { 'kubernetes.io/config.mirror': 'HASH' };
  directory.setPod(pod('one', 'etcd', ['a'], { annotations }));
  directory.removePod(pod('one', 'etcd', ['a'], { annotations }));
  clock.nowMs = 500;
  directory.setPod(pod('two', 'etcd', ['a'], { annotations }));
  clock.nowMs = 5000;
  expect(directory.nameOf('hash')).toMatchObject({ podUid: 'hash', pod: 'etcd' });
  expect(directory.nameOf('a')).toMatchObject({ podUid: 'hash', container: 'c0' });
  expect(directory.size()).toEqual({ living: 1, dead: 0 });
});

test('memory is bounded: the dead by number, the restarts of one pod too', () => {
  const { directory } = setup(10);
  for (let n = 0; n < 1000; n++) {
    directory.setPod(pod(`uid-${n}`, `p-${n}`, [`id-${n}`]));
    directory.removePod(pod(`uid-${n}`, `p-${n}`));
  }
  expect(directory.size()).toEqual({ living: 0, dead: 10 });
  expect(directory.nameOf('id-989')).toBeUndefined();
  expect(directory.nameOf('id-990')?.pod).toBe('p-990');
  for (let n = 0; n < 1000; n++) directory.setPod(pod('crash', 'crash', [`run-${n}`]));
  expect([...directory.all()].filter((name) => name.pod === 'crash')).toHaveLength(64);
  expect(directory.nameOf('crash')?.pod).toBe('crash');
  expect(directory.nameOf('run-999')?.container).toBe('c0');
  expect(directory.nameOf('run-0')).toBeUndefined();
});

test('objects that say next to nothing', () => {
  const { directory } = setup();
  directory.setPod(toPod({}));
  directory.setPod(
    toPod({
      metadata: { uid: 'u', name: 'n' },
      status: { containerStatuses: [{ name: 'c', containerID: '' }] },
    }),
  );
  expect(directory.nameOf('u')).toMatchObject({ namespace: '', pod: 'n', workload: 'Pod/n' });
});
