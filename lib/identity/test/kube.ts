/** Objects in a real API server: there is no kubelet and no controller, the test plays them. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import type { RunningKube } from '@dentryscope/lab';

export interface Made {
  readonly metadata: { readonly name: string; readonly uid: string };
}

export class Api {
  constructor(private readonly kube: RunningKube) {}

  async call<T = Made>(method: string, path: string, body?: unknown, type = 'application/json'): Promise<T> {
    const data = body === undefined ? '' : JSON.stringify(body);
    const options = {
      method,
      ca: readFileSync(this.kube.caFile),
      headers: {
        authorization: `Bearer ${this.kube.token}`,
        'content-type': type,
        'content-length': Buffer.byteLength(data),
      },
      signal: AbortSignal.timeout(30_000),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(this.kube.url + path, options, resolve)
        .on('error', reject)
        .end(data);
    });
    const answer = await text(response);
    if (response.statusCode! >= 300) throw new Error(`${method} ${path}: ${answer}`);
    return JSON.parse(answer) as T;
  }

  async namespace(name: string): Promise<string> {
    await this.call('POST', '/api/v1/namespaces', { metadata: { name } });
    return name;
  }

  pod(
    namespace: string,
    name: string,
    options: { owner?: object; nodeName?: string; annotations?: object } = {},
  ): Promise<Made> {
    const { owner, nodeName, annotations } = options;
    return this.call('POST', `/api/v1/namespaces/${namespace}/pods`, {
      metadata: { name, annotations, ownerReferences: owner ? [owner] : [] },
      spec: {
        nodeName,
        initContainers: [{ name: 'prepare', image: 'none' }],
        containers: [{ name: 'main', image: 'none' }],
      },
    });
  }

  bind(namespace: string, name: string, node: string): Promise<unknown> {
    const target = { apiVersion: 'v1', kind: 'Node', name: node };
    return this.call('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, {
      metadata: { name },
      target,
    });
  }

  /** As the kubelet reports it. */
  status(namespace: string, name: string, status: object): Promise<unknown> {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    return this.call('PATCH', path, { status }, 'application/merge-patch+json');
  }

  remove(path: string): Promise<unknown> {
    return this.call('DELETE', path, { gracePeriodSeconds: 0 });
  }

  removePod(namespace: string, name: string): Promise<unknown> {
    return this.remove(`/api/v1/namespaces/${namespace}/pods/${name}`);
  }

  replicaSet(namespace: string, name: string, owner?: object): Promise<Made> {
    const labels = { app: name };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'none' }] } };
    return this.call('POST', `/apis/apps/v1/namespaces/${namespace}/replicasets`, {
      metadata: { name, ownerReferences: owner ? [owner] : [] },
      spec: { replicas: 0, selector: { matchLabels: labels }, template },
    });
  }

  job(namespace: string, name: string, owner?: object): Promise<Made> {
    const spec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none' }] };
    return this.call('POST', `/apis/batch/v1/namespaces/${namespace}/jobs`, {
      metadata: { name, ownerReferences: owner ? [owner] : [] },
      spec: { suspend: true, template: { spec } },
    });
  }

  /** @returns a token of a service account that may only get, list and watch these. */
  async account(namespace: string, name: string, resources: string[]): Promise<string> {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const apiGroup = 'rbac.authorization.k8s.io';
    await this.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
    await this.call('POST', `${rbac}/clusterroles`, {
      metadata: { name },
      rules: [{ apiGroups: ['', 'apps', 'batch'], resources, verbs: ['get', 'list', 'watch'] }],
    });
    await this.call('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    });
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const { status } = await this.call<{ status: { token: string } }>('POST', path, { spec: {} });
    return status.token;
  }
}

export function ownerOf(kind: string, made: Made): object {
  const apiVersion = { ReplicaSet: 'apps/v1', Deployment: 'apps/v1', Job: 'batch/v1', CronJob: 'batch/v1' }[
    kind
  ];
  return {
    apiVersion: apiVersion ?? 'v1',
    kind,
    name: made.metadata.name,
    uid: made.metadata.uid,
    controller: true,
  };
}

const DIGITS = '0123456789abcdef';

/** 64 hex digits, never the same twice. */
export function freshId(): string {
  return Array.from({ length: 64 }, () => DIGITS[Math.floor(Math.random() * 16)]).join('');
}

export const running = (name: string, id: string) => ({
  name,
  image: 'none',
  imageID: '',
  ready: true,
  restartCount: 0,
  containerID: `containerd://${id}`,
  state: { running: {} },
});
