import { PodWatch } from '@dentryscope/identity';
import type { ContainerName, PodWatchOptions } from '@dentryscope/identity';
import { requirePart, startKubeApiserver } from '@dentryscope/lab';
import type { RunningKube } from '@dentryscope/lab';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Api, freshId, ownerOf, running } from './kube.js';

const missing = requirePart('kube');
const within = { timeout: 20_000, interval: 20 };
let kube: RunningKube;
let api: Api;
const opened: PodWatch[] = [];

beforeAll(async () => {
  if (missing) return;
  kube = await startKubeApiserver();
  api = new Api(kube);
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});
afterAll(async () => {
  await kube?.stop();
});

async function watch(options: Partial<PodWatchOptions> = {}): Promise<PodWatch> {
  const pods = await PodWatch.start({
    source: { kind: 'file', path: kube.kubeconfigFile },
    firstMs: 50,
    mostMs: 500,
    ...options,
  });
  opened.push(pods);
  await pods.ready();
  return pods;
}

/** The names as a reader of the store sees them: the last one of each container. */
function collect(pods: PodWatch): Map<string, ContainerName> {
  const latest = new Map<string, ContainerName>();
  pods.subscribe((names) => names.forEach((name) => latest.set(name.containerId || name.podUid, name)));
  return latest;
}

describe.skipIf(missing)('pods of a real API server', () => {
  test('a pod has its name at once, its containers when their ids appear, and keeps them when it is gone', async () => {
    const ns = await api.namespace('late');
    const pods = await watch();
    const stored = collect(pods);
    const { metadata } = await api.pod(ns, 'solo');
    const own = {
      podUid: metadata.uid,
      containerId: '',
      namespace: ns,
      pod: 'solo',
      container: '',
      workload: 'Pod/solo',
    };
    await expect.poll(() => pods.nameOf(metadata.uid), within).toEqual(own);
    const [init, main, again] = [freshId(), freshId(), freshId()];
    expect(pods.nameOf(main)).toBeUndefined();
    await api.bind(ns, 'solo', 'node-1');
    await api.status(ns, 'solo', { initContainerStatuses: [running('prepare', init)] });
    await api.status(ns, 'solo', { containerStatuses: [running('main', main)] });
    await expect
      .poll(() => pods.nameOf(main), within)
      .toEqual({ ...own, containerId: main, container: 'main' });
    expect(pods.nameOf(init)?.container).toBe('prepare');
    // It crashed and runs again: both ids are its own.
    const terminated = { exitCode: 1, containerID: `containerd://${main}` };
    await api.status(ns, 'solo', {
      containerStatuses: [{ ...running('main', again), lastState: { terminated } }],
    });
    await expect.poll(() => pods.nameOf(again)?.container, within).toBe('main');
    await api.removePod(ns, 'solo');
    await expect.poll(() => pods.size().dead, within).toBeGreaterThan(0);
    for (const id of [init, main, again])
      expect(pods.nameOf(id)).toMatchObject({ pod: 'solo', containerId: id });
    expect(pods.nameOf(metadata.uid)).toEqual(own);
    expect([...stored.keys()].sort()).toEqual([metadata.uid, init, main, again].sort());
  });

  test('ephemeral containers and the mirror of a static pod', async () => {
    const ns = await api.namespace('special');
    const pods = await watch();
    const hash = freshId().slice(0, 32);
    const node = await api.call('POST', '/api/v1/nodes', { metadata: { name: 'special-node' } });
    const [main, debug] = [freshId(), freshId()];
    const owner = { ...ownerOf('Node', node) };
    const annotations = { 'kubernetes.io/config.mirror': hash };
    const { metadata } = await api.pod(ns, 'etcd-special-node', {
      annotations,
      nodeName: 'special-node',
      owner,
    });
    await api.status(ns, 'etcd-special-node', {
      containerStatuses: [running('main', main)],
      ephemeralContainerStatuses: [running('debugger', debug)],
    });
    const name = { podUid: hash, namespace: ns, pod: 'etcd-special-node', workload: 'Pod/etcd-special-node' };
    await expect
      .poll(() => pods.nameOf(debug), within)
      .toEqual({ ...name, containerId: debug, container: 'debugger' });
    expect(pods.nameOf(hash)).toEqual({ ...name, containerId: '', container: '' });
    expect(pods.nameOf(metadata.uid)).toBeUndefined();
  });

  test('the workload is the topmost controller, also when its owner is heard of late', async () => {
    const ns = await api.namespace('owners');
    const pods = await watch();
    const stored = collect(pods);
    const someone = { metadata: { name: 'web', uid: '11111111-1111-1111-1111-111111111111' } };
    const set = await api.replicaSet(ns, 'web-5d4f', ownerOf('Deployment', someone));
    const orphan = await api.replicaSet(ns, 'orphan');
    const job = await api.job(
      ns,
      'nightly-1',
      ownerOf('CronJob', { metadata: { ...someone.metadata, name: 'nightly' } }),
    );
    const lonely = await api.job(ns, 'once');
    const owners: [string, object, string][] = [
      ['web-5d4f-a', ownerOf('ReplicaSet', set), 'Deployment/web'],
      ['orphan-a', ownerOf('ReplicaSet', orphan), 'ReplicaSet/orphan'],
      ['nightly-1-a', ownerOf('Job', job), 'CronJob/nightly'],
      ['once-a', ownerOf('Job', lonely), 'Job/once'],
      ['db-0', { ...ownerOf('StatefulSet', someone), apiVersion: 'apps/v1', name: 'db' }, 'StatefulSet/db'],
      ['logs-x', { ...ownerOf('DaemonSet', someone), apiVersion: 'apps/v1', name: 'logs' }, 'DaemonSet/logs'],
    ];
    const made = await Promise.all(owners.map(([name, owner]) => api.pod(ns, name, { owner })));
    for (const [n, { metadata }] of made.entries())
      await expect.poll(() => stored.get(metadata.uid)?.workload, within).toBe(owners[n]![2]);
    // Adopted by a controller after the fact; the pod itself does not change.
    const path = `/apis/apps/v1/namespaces/${ns}/replicasets/orphan`;
    const adopt = {
      metadata: {
        ownerReferences: [ownerOf('Deployment', { metadata: { ...someone.metadata, name: 'found' } })],
      },
    };
    await api.call('PATCH', path, adopt, 'application/merge-patch+json');
    await expect.poll(() => stored.get(made[1]!.metadata.uid)?.workload, within).toBe('Deployment/found');
    // Rolled over: the set is gone, its pods' workload is not.
    await api.remove(`/apis/apps/v1/namespaces/${ns}/replicasets/web-5d4f`);
    await api.status(ns, 'web-5d4f-a', { containerStatuses: [running('main', freshId())] });
    await expect
      .poll(
        () => [...stored.values()].filter(({ pod, container }) => pod === 'web-5d4f-a' && container).length,
        within,
      )
      .toBe(1);
    expect(
      new Set([...stored.values()].flatMap((one) => (one.pod === 'web-5d4f-a' ? [one.workload] : []))),
    ).toEqual(new Set(['Deployment/web']));
  });

  test('200 pods created, replaced and deleted at once: nothing stale, no wrong name', async () => {
    const ns = await api.namespace('churn');
    const pods = await watch();
    const stored = collect(pods);
    const before = pods.size();
    const truth = new Map<string, string>();
    const life = async (n: number) => {
      for (let generation = 0; generation < 3; generation++) {
        const [id, init] = [freshId(), freshId()];
        const name = `pod-${n}`;
        const { metadata } = await api.pod(ns, name);
        await api.status(ns, name, {
          initContainerStatuses: [running('prepare', init)],
          containerStatuses: [running('main', id)],
        });
        truth.set(metadata.uid, `${metadata.uid} ${name} `);
        truth.set(init, `${metadata.uid} ${name} prepare`);
        truth.set(id, `${metadata.uid} ${name} main`);
        if (generation < 2 || n % 2 === 0) await api.removePod(ns, name);
      }
    };
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let n = numbers.pop(); n !== undefined; n = numbers.pop()) await life(n);
      }),
    );
    await expect.poll(() => pods.size().living - before.living, within).toBe(100);
    const said = () =>
      new Map(
        [...stored]
          .filter(([, one]) => one.namespace === ns)
          .map(([id, one]) => [id, `${one.podUid} ${one.pod} ${one.container}`]),
      );
    await expect.poll(() => said().size, within).toBeGreaterThanOrEqual(truth.size);
    expect(said()).toEqual(truth);
    for (const [id, text] of truth) {
      const name = pods.nameOf(id)!;
      expect(`${name.podUid} ${name.pod} ${name.container}`).toBe(text);
    }
    // One that starts now sees the living only, and names them the same.
    const late = await watch();
    const living = [...collect(late).values()].filter(({ namespace }) => namespace === ns);
    expect(living).toHaveLength(300);
    for (const one of living)
      expect(`${one.podUid} ${one.pod} ${one.container}`).toBe(truth.get(one.containerId || one.podUid));
  });

  test('pods of one node only', async () => {
    const ns = await api.namespace('bound');
    const pods = await watch({ nodeName: 'node-7' });
    await api.pod(ns, 'elsewhere', { nodeName: 'node-8' });
    const early = await api.pod(ns, 'here', { nodeName: 'node-7' });
    const later = await api.pod(ns, 'unbound');
    await api.bind(ns, 'unbound', 'node-7');
    await expect.poll(() => pods.size().living, within).toBe(2);
    expect([early, later].map(({ metadata }) => pods.nameOf(metadata.uid)?.pod)).toEqual(['here', 'unbound']);
    await api.removePod(ns, 'here');
    await expect.poll(() => pods.size(), within).toEqual({ living: 1, dead: 1 });
    expect((await watch({ nodeName: 'node-7' })).size().living).toBe(1);
  });

  test('the dead are forgotten after their time, the living never', async () => {
    const ns = await api.namespace('forget');
    let nowMs = 0;
    const pods = await watch({ nowMs: () => nowMs, keepMs: 1000 });
    const dead = await api.pod(ns, 'dead');
    const alive = await api.pod(ns, 'alive');
    await api.removePod(ns, 'dead');
    await expect.poll(() => pods.size().dead, within).toBe(1);
    nowMs = 999;
    expect(pods.nameOf(dead.metadata.uid)?.pod).toBe('dead');
    nowMs = 1001;
    expect(pods.nameOf(dead.metadata.uid)).toBeUndefined();
    expect(pods.nameOf(alive.metadata.uid)?.pod).toBe('alive');
    expect(pods.size().dead).toBe(0);
  });

  test('the API server is killed and comes back', async () => {
    const ns = await api.namespace('restart');
    const pods = await watch();
    const stored = collect(pods);
    const before = await api.pod(ns, 'before');
    const replaced = await api.pod(ns, 'replaced');
    await expect.poll(() => stored.get(replaced.metadata.uid)?.pod, within).toBe('replaced');
    await kube.kill('SIGKILL');
    await expect
      .poll(() => pods.status().detail, within)
      .toMatch(/pods of https.* can't be watched, names are as old as that: .*DENTRYSCOPE_KUBECONFIG/);
    expect(pods.nameOf(before.metadata.uid)?.pod).toBe('before');
    await kube.restart();
    // Perhaps before the watch is back, perhaps after.
    await api.removePod(ns, 'replaced');
    const replacement = await api.pod(ns, 'replaced');
    const id = freshId();
    await api.status(ns, 'replaced', { containerStatuses: [running('main', id)] });
    await expect
      .poll(() => stored.get(id), within)
      .toMatchObject({ podUid: replacement.metadata.uid, pod: 'replaced' });
    expect(pods.nameOf(replaced.metadata.uid)?.podUid).toBe(replaced.metadata.uid);
    expect(pods.status()).toEqual({ ok: true });
  });

  test('an API server that stands still is noticed, and found again', async () => {
    const ns = await api.namespace('frozen');
    // Less than the minute between bookmarks: its watches end and begin again all the time.
    const pods = await watch({ patience: { answerMs: 400, silenceMs: 700 } });
    await kube.kill('SIGSTOP');
    await expect
      .poll(() => pods.status().detail, within)
      .toMatch(/it does not answer for 0.4 s|aborted due to timeout/);
    const made = api.pod(ns, 'thawed');
    await kube.kill('SIGCONT');
    const { metadata } = await made;
    await expect.poll(() => pods.nameOf(metadata.uid)?.pod, within).toBe('thawed');
    await expect.poll(() => pods.status().ok, within).toBe(true);
  });
});
