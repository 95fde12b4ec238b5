import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { requirePart, startKubeApiserver, type RunningKube } from '@dentryscope/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);

interface Answer {
  status: number | undefined;
  body: { items?: { metadata: { name: string } }[]; message?: string };
}

function call(kube: RunningKube, method: string, path: string, object?: unknown, token = kube.token) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const options = { method, headers, ca: readFileSync(kube.caFile), agent: false };
  return new Promise<Answer>((resolve, reject) => {
    const sent = request(`${kube.url}${path}`, options, (response) => {
      const answer = (body: string) => resolve({ status: response.statusCode, body: JSON.parse(body) });
      text(response).then(answer, reject);
    });
    sent.once('error', reject).end(object && JSON.stringify(object));
  });
}

const PODS = '/api/v1/namespaces/default/pods';

const pod = (name: string) => ({
  metadata: { name },
  spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'none' }] },
});

async function podNames(kube: RunningKube): Promise<string[]> {
  const { body } = await call(kube, 'GET', PODS);
  return body.items!.map(({ metadata }) => metadata.name);
}

describe.skipIf(requirePart('kube'))('kube', () => {
  let kube: RunningKube;
  beforeAll(async () => void (kube = await startKubeApiserver()));
  afterAll(() => kube?.stop());

  it('keeps a pod that is created', async () => {
    expect((await call(kube, 'POST', PODS, pod('first'))).status).toBe(201);
    expect(await podNames(kube)).toEqual(['first']);
  });

  it('refuses another token', async () => {
    expect((await call(kube, 'GET', PODS, undefined, 'wrong')).status).toBe(401);
  });

  it('writes a kubeconfig that names the server and holds its authority', () => {
    const config = readFileSync(kube.kubeconfigFile, 'utf8');
    expect(config).toContain(`server: ${kube.url}`);
    expect(config).toContain(readFileSync(kube.caFile).toString('base64'));
    expect(kube.env).toEqual({ KUBECONFIG: kube.kubeconfigFile });
  });

  it('survives kill -9 with its address, certificate and pods', async () => {
    const { pid, url } = kube;
    await kube.kill('SIGKILL');
    expect(isThere(pid)).toBe(false);
    await kube.restart();
    expect(kube.url).toBe(url);
    expect((await call(kube, 'POST', PODS, pod('second'))).status).toBe(201);
    expect(await podNames(kube)).toEqual(['first', 'second']);
  });

  it('starts etcd again too when that was killed', async () => {
    process.kill(kube.processes()[0]!.pid, 'SIGKILL');
    await kube.kill('SIGKILL');
    await kube.restart();
    expect(await podNames(kube)).toEqual(['first', 'second']);
  });

  it('leaves no process and no folder when stopped', async () => {
    const pids = kube.processes().map(({ pid }) => pid);
    await kube.stop();
    await kube.stop();
    expect(pids.filter(isThere)).toEqual([]);
    expect(existsSync(kube.dir)).toBe(false);
  });
});
