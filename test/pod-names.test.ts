/** A pod that exists in a real cluster comes out of the API under its names. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppsV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { requirePart, startKubeApiserver } from '@dentryscope/lab';
import type { RunningKube } from '@dentryscope/lab';
import type { TopAnswer } from '@dentryscope/contracts';
import { endAll, eventually, getJson } from './lib/cli.js';
import { scratch } from './lib/scratch.js';
import { quickly, startStandalone } from './lib/services.js';
import { Cgroup, buildWorkload, requireKernel } from './lib/workload.js';

const containerId = randomBytes(32).toString('hex');
const dir = scratch();
afterEach(endAll);
afterAll(dir.remove);

const labels = { app: 'orders' };
const podSpec = { containers: [{ name: 'postgres', image: 'postgres:16' }] };

/** What a kubelet and the controllers would have written. @returns the pod's uid */
async function makePod(config: KubeConfig): Promise<string> {
  const core = config.makeApiClient(CoreV1Api);
  const apps = config.makeApiClient(AppsV1Api);
  const namespace = 'shop';
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  const template = { metadata: { labels }, spec: podSpec };
  const spec = { selector: { matchLabels: labels }, template };
  const deployment = await apps.createNamespacedDeployment({
    namespace,
    body: { metadata: { name: 'orders' }, spec },
  });
  const owner = (kind: string, name: string, uid: string) => [
    { apiVersion: 'apps/v1', kind, name, uid, controller: true },
  ];
  const set = await apps.createNamespacedReplicaSet({
    namespace,
    body: {
      metadata: {
        name: 'orders-7d4b9',
        ownerReferences: owner('Deployment', 'orders', deployment.metadata!.uid!),
      },
      spec,
    },
  });
  const pod = await core.createNamespacedPod({
    namespace,
    body: {
      metadata: {
        name: 'orders-7d4b9-x2x1z',
        labels,
        ownerReferences: owner('ReplicaSet', 'orders-7d4b9', set.metadata!.uid!),
      },
      spec: { ...podSpec, automountServiceAccountToken: false },
    },
  });
  const status = {
    name: 'postgres',
    containerID: `containerd://${containerId}`,
    image: 'postgres:16',
    imageID: '',
    ready: true,
    restartCount: 0,
  };
  await core.replaceNamespacedPodStatus({
    name: 'orders-7d4b9-x2x1z',
    namespace,
    body: { ...pod, status: { phase: 'Running', containerStatuses: [status] } },
  });
  return pod.metadata!.uid!;
}

describe.skipIf(requireKernel() ?? requirePart('kube'))(
  'with a real kube-apiserver',
  { timeout: 180_000 },
  () => {
    let kube: RunningKube;
    beforeAll(async () => void (kube = await startKubeApiserver()));
    afterAll(() => kube?.stop());

    it('what a container did is told under namespace, pod, container and workload', async () => {
      const config = new KubeConfig();
      config.loadFromFile(kube.kubeconfigFile);
      const { address: api } = await startStandalone({
        ...quickly,
        DENTRYSCOPE_DATA_DIR: dir.path,
        DENTRYSCOPE_KUBERNETES: 'on',
        DENTRYSCOPE_KUBECONFIG: kube.kubeconfigFile,
      });
      const workload = buildWorkload(dir.path);
      const podUid = await makePod(config).catch((error: unknown) => {
        throw new Error(String((error as { body?: unknown }).body ?? error), { cause: error });
      });
      const cgroup = new Cgroup(`/kubepods/burstable/pod${podUid}/${containerId}`);
      try {
        cgroup.run(workload, 'miss', 1000, dir.path);
        const ask = (by: string) =>
          getJson<TopAnswer>(`${api}/v1/top?metric=dentries_allocated&by=${by}&namespace=shop`);
        const items = await eventually(async () => {
          const { items } = await ask('container');
          return items.length > 0 ? items : undefined;
        });
        expect(items).toMatchObject([
          {
            namespace: 'shop',
            pod: 'orders-7d4b9-x2x1z',
            container: 'postgres',
            workload: 'Deployment/orders',
            value: 1000,
          },
        ]);
        expect((await ask('workload')).items).toMatchObject([{ workload: 'Deployment/orders', value: 1000 }]);
        expect((await ask('pod')).items).toMatchObject([{ pod: 'orders-7d4b9-x2x1z', value: 1000 }]);
      } finally {
        cgroup.remove();
      }
    });
  },
);
