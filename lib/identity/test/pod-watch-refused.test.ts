import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PodWatch } from '@dentryscope/identity';
import { requirePart, startKubeApiserver } from '@dentryscope/lab';
import type { RunningKube } from '@dentryscope/lab';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Api, ownerOf } from './kube.js';

const missing = requirePart('kube');
const scratch = mkdtempSync(join(tmpdir(), 'dentryscope-kube-'));
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
  rmSync(scratch, { recursive: true, force: true });
  await kube?.stop();
});

async function watch({ kubeconfig }: { kubeconfig: string }): Promise<PodWatch> {
  const pods = await PodWatch.start({ source: { kind: 'file', path: kubeconfig }, firstMs: 50, mostMs: 500 });
  opened.push(pods);
  await pods.ready();
  return pods;
}

describe.skipIf(missing)('what is refused or wrong', () => {
  function kubeconfigWith(token: string): string {
    const path = join(scratch, `${token.slice(-12)}.yaml`);
    writeFileSync(path, readFileSync(kube.kubeconfigFile, 'utf8').replace(kube.token, token));
    return path;
  }

  test('an account that may not see ReplicaSets and Jobs: the pod’s own owner, and it says so', async () => {
    const ns = await api.namespace('refused');
    const kubeconfig = kubeconfigWith(await api.account(ns, 'pods-only', ['pods']));
    const pods = await watch({ kubeconfig });
    const set = await api.replicaSet(
      ns,
      'web-1',
      ownerOf('Deployment', { metadata: { name: 'web', uid: '1-1' } }),
    );
    const { metadata } = await api.pod(ns, 'web-1-a', { owner: ownerOf('ReplicaSet', set) });
    await expect.poll(() => pods.nameOf(metadata.uid)?.workload, within).toBe('ReplicaSet/web-1');
    expect(pods.status()).toEqual({
      ok: true,
      detail:
        "replicasets and jobs can't be watched: workloads are named by the pod's own owner; grant get, list and watch",
    });
    // Granted later: names are repaired without a restart.
    await api.call(
      'PATCH',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/pods-only',
      {
        rules: [
          {
            apiGroups: ['', 'apps', 'batch'],
            resources: ['pods', 'replicasets', 'jobs'],
            verbs: ['get', 'list', 'watch'],
          },
        ],
      },
      'application/merge-patch+json',
    );
    await expect.poll(() => pods.nameOf(metadata.uid)?.workload, within).toBe('Deployment/web');
    await expect.poll(() => pods.status(), within).toEqual({ ok: true });
  });

  test('an account that may not see pods', async () => {
    const ns = await api.namespace('blind');
    const pods = await watch({
      kubeconfig: kubeconfigWith(await api.account(ns, 'nothing', ['configmaps'])),
    });
    expect(pods.status()).toMatchObject({ ok: false });
    expect(pods.status().detail).toMatch(
      /nothing has a name: pods is forbidden.*needs get, list and watch on pods/,
    );
  });

  test('a token that is wrong', async () => {
    const pods = await watch({ kubeconfig: kubeconfigWith('f00dfeedf00dfeed') });
    expect(pods.status().detail).toMatch(/Unauthorized/);
  });

  test('a server that is not there', async () => {
    const kubeconfig = join(scratch, 'nobody.yaml');
    writeFileSync(
      kubeconfig,
      readFileSync(kube.kubeconfigFile, 'utf8').replace(kube.url, 'https://127.0.0.1:1'),
    );
    const pods = await watch({ kubeconfig });
    expect(pods.status()).toMatchObject({ ok: false });
    expect(pods.status().detail).toMatch(
      /ECONNREFUSED 127.0.0.1:1.*DENTRYSCOPE_KUBECONFIG.*DENTRYSCOPE_KUBERNETES=off/,
    );
  });

  test('a certificate that nobody knows', async () => {
    const kubeconfig = join(scratch, 'no-authority.yaml');
    writeFileSync(
      kubeconfig,
      readFileSync(kube.kubeconfigFile, 'utf8').replace(/.*certificate-authority-data.*\n/, ''),
    );
    expect((await watch({ kubeconfig })).status().detail).toMatch(/certificate/);
  });

  test('a kubeconfig that is none', async () => {
    const kubeconfig = join(scratch, 'none.yaml');
    writeFileSync(kubeconfig, 'clusters: []\n');
    await expect(watch({ kubeconfig })).rejects.toThrow(/^DENTRYSCOPE_KUBECONFIG: .*none.yaml can't be used/);
  });
});
