/** The manifests of deploy/kubernetes, and a real API server to give them to. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { loadAllYaml } from '@kubernetes/client-node';
import type { V1Container, V1PodSpec, V1PodTemplateSpec, V1ScopeSelector } from '@kubernetes/client-node';

export interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly scopeSelector?: V1ScopeSelector;
    readonly template?: V1PodTemplateSpec;
    readonly jobTemplate?: { readonly spec?: { readonly template: V1PodTemplateSpec } };
  };
  readonly data?: Readonly<Record<string, string>>;
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string; readonly newTag: string }[];
}

const load = (file: string): Manifest[] => loadAllYaml(readFileSync(file, 'utf8')) as Manifest[];

export function readKustomization(directory: string): Kustomization {
  return load(join(directory, 'kustomization.yaml'))[0] as unknown as Kustomization;
}

/** In the order in which kustomize lists them. */
export function readManifests(directory: string): Manifest[] {
  return readKustomization(directory).resources.flatMap((file) => load(join(directory, file)));
}

export interface Workload {
  readonly manifest: Manifest;
  readonly pod: V1PodSpec;
  readonly container: V1Container;
  /** Values from the ConfigMap too; a field of the pod is its own path. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Each has one container. */
export function workloads(manifests: readonly Manifest[]): Workload[] {
  const shared = manifests.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
  return manifests.flatMap((manifest) => {
    const pod = (manifest.spec?.jobTemplate?.spec ?? manifest.spec)?.template?.spec;
    const container = pod?.containers[0];
    if (!pod || !container) return [];
    const own = (container.env ?? []).map(
      ({ name, value, valueFrom }) => [name, value ?? valueFrom?.fieldRef?.fieldPath ?? ''] as const,
    );
    return [{ manifest, pod, container, environment: { ...shared, ...Object.fromEntries(own) } }];
  });
}

const plurals: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ConfigMap: 'configmaps',
  ServiceAccount: 'serviceaccounts',
  Service: 'services',
  Secret: 'secrets',
  ResourceQuota: 'resourcequotas',
  Deployment: 'deployments',
  DaemonSet: 'daemonsets',
  CronJob: 'cronjobs',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  SubjectAccessReview: 'subjectaccessreviews',
};

function pathOf({ kind, apiVersion, metadata }: Manifest): string {
  const plural = plurals[kind];
  if (!plural) throw new Error(`${kind} ${metadata.name}: which path is that? Add it to plurals`);
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}${metadata.namespace ? `/namespaces/${metadata.namespace}` : ''}/${plural}`;
}

export interface KubeAccess {
  readonly url: string;
  readonly token: string;
  readonly caFile: string;
}

/** As `kubectl create --validate=strict`: an unknown or doubled field is an error. @returns status and answer */
export async function create(
  { url, token, caFile }: KubeAccess,
  manifest: Manifest,
  options: { readonly dryRun?: boolean } = {},
): Promise<{
  readonly status: number;
  readonly body: { readonly message?: string; readonly status?: object };
}> {
  const query = `fieldValidation=Strict${options.dryRun ? '&dryRun=All' : ''}`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const target = `${url}${pathOf(manifest)}?${query}`;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(target, { method: 'POST', headers, ca: readFileSync(caFile), agent: false }, resolve)
      .once('error', reject)
      .end(JSON.stringify(manifest));
  });
  return {
    status: answer.statusCode ?? 0,
    body: (await json(answer)) as { message?: string; status?: object },
  };
}
