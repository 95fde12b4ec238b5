import { readFileSync, writeFileSync } from 'node:fs';
import { get as httpsGet } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Daemon } from './daemon.js';
import { get } from './get.js';
import { Home } from './home.js';
import { kubeconfig, writeKubeFiles, type KubeFiles } from './kube-files.js';
import { kubeRecipe, type KubeVersion } from './kube-get.js';
import { freePorts } from './port.js';
import { RunningPart, startAll } from './running.js';

export interface KubeOptions {
  version?: KubeVersion;
  /** More arguments of kube-apiserver. */
  args?: string[];
  /** Keep the data in this folder and let the server outlive this process; a test leaves this out. */
  lastingDir?: string;
}

/**
 * kube-apiserver over etcd, and nothing else: no kubelet, scheduler or controller. Nodes and pods are plain
 * objects, and a pod bound to a node goes only when deleted with gracePeriodSeconds 0.
 */
export class RunningKube extends RunningPart {
  constructor(
    readonly url: string,
    /** Bearer token of a member of system:masters. */
    readonly token: string,
    readonly caFile: string,
    readonly kubeconfigFile: string,
    ...rest: ConstructorParameters<typeof RunningPart>
  ) {
    super(...rest);
  }

  get env(): Record<string, string> {
    return { KUBECONFIG: this.kubeconfigFile };
  }
}

const READY_LIMIT_MS = 120_000;
const PROBE_TIMEOUT_MS = 5_000;

async function answers(url: string, caFile: string, token: string): Promise<void> {
  const ca = readFileSync(caFile);
  const headers = { authorization: `Bearer ${token}` };
  const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const request = httpsGet(url, { ca, headers, signal, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    request.once('error', reject);
  });
  if (status !== 200) throw new Error(`${url} says ${status} ${body}`);
}

function etcdDaemon(home: Home, port: number, peerPort: number): Daemon {
  const url = `http://127.0.0.1:${port}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const args = [`--data-dir=${join(home.dir, 'etcd')}`, '--name=lab', `--initial-cluster=lab=${peerUrl}`];
  const client = [`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`];
  const peer = [`--listen-peer-urls=${peerUrl}`, `--initial-advertise-peer-urls=${peerUrl}`];
  const ready = async () => {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`/health says ${response.status} ${await response.text()}`);
  };
  const spec = { name: 'etcd', command: 'etcd', args: [...args, ...client, ...peer], ready };
  return new Daemon({ ...spec, readyLimitMs: READY_LIMIT_MS }, home);
}

const apiserverArgs = (certDir: string, port: number, etcdPort: number, files: KubeFiles): string[] => [
  `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  `--secure-port=${port}`,
  `--cert-dir=${certDir}`,
  `--token-auth-file=${files.tokenFile}`,
  '--authorization-mode=RBAC',
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${files.keyFile}`,
  `--service-account-signing-key-file=${files.keyFile}`,
  '--service-cluster-ip-range=10.96.0.0/16',
  // The endpoints of the service `kubernetes` may not be a loopback address.
  '--endpoint-reconciler-type=none',
  // It would refuse every pod: there is no controller that makes the default service accounts.
  '--disable-admission-plugins=ServiceAccount',
];

export async function startKubeApiserver(options: KubeOptions = {}): Promise<RunningKube> {
  const { version = '1.35.4', args = [], lastingDir } = options;
  const part = await get(kubeRecipe(version));
  const home = lastingDir ? Home.lasting(lastingDir) : Home.temporary('kube');
  const [port, etcdPort, peerPort] = (await freePorts(3)) as [number, number, number];
  const url = `https://127.0.0.1:${port}`;
  const files = writeKubeFiles(home.dir);
  const certDir = join(home.dir, 'certificates');
  // The server makes it itself at its first start: its certificate and the authority that signed it.
  const caFile = join(certDir, 'apiserver.crt');
  const apiserver = {
    name: 'kube-apiserver',
    command: join(part, 'kube-apiserver'),
    args: [...apiserverArgs(certDir, port, etcdPort, files), ...args],
    ready: async () => {
      await answers(`${url}/readyz`, caFile, files.token);
      await answers(`${url}/api/v1/namespaces/default`, caFile, files.token);
    },
    readyLimitMs: READY_LIMIT_MS,
  };
  const daemons = [etcdDaemon(home, etcdPort, peerPort), new Daemon(apiserver, home)];
  await startAll(home, daemons);
  const kubeconfigFile = join(home.dir, 'kubeconfig');
  const access = { url, token: files.token, ca: readFileSync(caFile, 'utf8') };
  writeFileSync(kubeconfigFile, kubeconfig(access), { mode: 0o600 });
  return new RunningKube(url, files.token, caFile, kubeconfigFile, version, home, daemons);
}
