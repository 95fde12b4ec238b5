/** One cluster and the way to it. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import { json, text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import type * as KubernetesClient from '@kubernetes/client-node';
import type { KubeSource } from './detect.js';

/** The client as a module: importing it costs 80 MB, which a process without a cluster should not pay. */
export type Client = typeof KubernetesClient;

/** Milliseconds before the server counts as dead, whatever TCP says. */
export interface Patience {
  /** Until an answer begins. */
  readonly answerMs: number;
  /** Within a watch; the server sends a bookmark about every minute. */
  readonly silenceMs: number;
}

export interface Cluster {
  readonly client: Client;
  readonly config: KubernetesClient.KubeConfig;
  readonly patience: Patience;
  /** For messages. */
  readonly url: string;
}

/** An answer other than 200. `statusCode` as in the client's own errors. */
export class KubeError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
    this.name = 'KubeError';
  }
}

/** @throws Error where the file is no kubeconfig or has no current context */
export async function openCluster(source: KubeSource, patience: Patience): Promise<Cluster> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (source.kind === 'file') config.loadFromFile(source.path);
  else config.loadFromCluster();
  const url = config.getCurrentCluster()?.server;
  if (url === undefined) throw new Error('it has no current context that names a cluster');
  return { client, config, url, patience };
}

/** GET of one page, as JSON that is not copied into the client's classes. @throws KubeError and network errors */
export async function getJson(cluster: Cluster, path: string, accept: string, ending: AbortSignal) {
  const url = new URL(cluster.url + path);
  const signal = AbortSignal.any([ending, AbortSignal.timeout(cluster.patience.answerMs)]);
  const options: RequestOptions = { headers: { accept }, signal };
  await cluster.config.applyToHTTPSOptions(options);
  const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    send(url, options, resolve).on('error', reject).end();
  });
  if (response.statusCode === 200) return await json(response);
  throw new KubeError(response.statusCode ?? 0, reasonOf(await text(response)) || `${response.statusCode}`);
}

/** Kubernetes answers with a Status object; a proxy before it with whatever it likes. */
function reasonOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? '';
  } catch {
    return body.slice(0, 200);
  }
}
