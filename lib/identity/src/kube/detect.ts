/** Is there a cluster to ask, and how is it reached. */
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { envName, settings as declared } from '@dentryscope/contracts/settings';
import type { Settings } from '@dentryscope/contracts';

export type KubeSource = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'in-cluster' };

export interface Detected {
  /** Undefined: pods are not watched. */
  readonly source: KubeSource | undefined;
  /** One sentence, for the log and `doctor`. */
  readonly reason: string;
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const ON = envName(declared.kubernetes);
const FILE = envName(declared.kubeconfig);

/**
 * In this order: DENTRYSCOPE_KUBECONFIG, the first file of KUBECONFIG that exists, the service account of the pod that
 * this runs in. Not `~/.kube/config`: that somebody's workstation can reach a cluster is no wish to have it watched.
 * @throws Error naming the setting: the file is not there, or `on` and nothing was found
 */
export function detectKubernetes(
  settings: Pick<Settings, 'kubernetes' | 'kubeconfig'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Detected {
  if (settings.kubernetes === 'off') return { source: undefined, reason: `${ON}=off` };
  const found = find(settings.kubeconfig, env);
  if (!found.source && settings.kubernetes === 'on') throw new Error(`${ON}=on, but ${found.reason}`);
  return found;
}

function find(kubeconfig: string | undefined, env: Readonly<Record<string, string | undefined>>): Detected {
  if (kubeconfig !== undefined) {
    if (!existsSync(kubeconfig)) throw new Error(`${FILE}=${kubeconfig}: there is no such file`);
    return { source: { kind: 'file', path: kubeconfig }, reason: `${FILE}=${kubeconfig}` };
  }
  const files = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  const path = files.find((file) => existsSync(file));
  if (path !== undefined) return { source: { kind: 'file', path }, reason: `KUBECONFIG=${path}` };
  if (env['KUBERNETES_SERVICE_HOST'] && existsSync(SERVICE_ACCOUNT_TOKEN))
    return { source: { kind: 'in-cluster' }, reason: 'the service account of this pod' };
  const missing = files.length ? `, the files of KUBECONFIG are not there` : '';
  return { source: undefined, reason: `no cluster was found: ${FILE} is not set, this is no pod${missing}` };
}
