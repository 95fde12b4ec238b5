/** Watches the pods of a cluster, and tells who their containers are. */
import type { Log } from '../log.js';
import { openCluster } from './cluster.js';
import type { Cluster, Patience } from './cluster.js';
import type { KubeSource } from './detect.js';
import { Directory } from './directory.js';
import type { ContainerName } from './directory.js';
import { toOwned, toPod } from './objects.js';
import type { Owned, PodObject } from './objects.js';
import { Resource } from './resource.js';

export interface PodWatchOptions {
  readonly source: KubeSource;
  /** Only pods bound to this node. Such a watch leaves ReplicaSets and Jobs alone: a thousand agents would ask for all of them. */
  readonly nodeName?: string;
  readonly log?: Log;
  /** How long pods that were deleted are remembered. Default: an hour, at most 20,000 of them. */
  readonly keepMs?: number;
  readonly keepCount?: number;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
  /** Waits between tries when the API server can't be had. Default: 250 ms, doubling to 30 s. */
  readonly firstMs?: number;
  readonly mostMs?: number;
  readonly patience?: Patience;
}

export interface PodWatchStatus {
  readonly ok: boolean;
  /** What is wrong, in words that name the setting at fault; or, while ok, what is only partly known. */
  readonly detail?: string;
}

type Listener = (names: readonly ContainerName[]) => void;

const PATIENCE: Patience = { answerMs: 30_000, silenceMs: 180_000 };
const SETTINGS = 'see DENTRYSCOPE_KUBECONFIG, and DENTRYSCOPE_KUBERNETES=off to do without';

export class PodWatch {
  readonly #directory: Directory;
  readonly #listeners = new Set<Listener>();
  readonly #pods: Resource<PodObject>;
  readonly #owners: readonly (readonly [plural: string, Resource<Owned>])[];
  readonly #url: string;
  #closed = false;

  /**
   * Does not wait for the cluster: see `status()` and `ready()`.
   * @throws Error naming DENTRYSCOPE_KUBECONFIG where the kubeconfig can't be used
   */
  static async start(options: PodWatchOptions): Promise<PodWatch> {
    const cluster = await openCluster(options.source, options.patience ?? PATIENCE).catch((error: Error) => {
      const where = options.source.kind === 'file' ? options.source.path : 'the service account';
      throw new Error(`DENTRYSCOPE_KUBECONFIG: ${where} can't be used: ${error.message}`, { cause: error });
    });
    return new PodWatch(cluster, options);
  }

  private constructor(cluster: Cluster, options: PodWatchOptions) {
    const { keepMs = 3_600_000, keepCount = 20_000, nowMs = () => performance.now(), nodeName } = options;
    const { log = () => undefined, firstMs = 250, mostMs = 30_000 } = options;
    const directory = new Directory({ keepMs, keepCount, nowMs, onNames: (names) => this.#tell(names) });
    const shared = { cluster, log, firstMs, mostMs };
    this.#directory = directory;
    this.#url = cluster.url;
    this.#pods = new Resource({
      ...shared,
      plural: 'pods',
      path: '/api/v1/pods',
      fieldSelector: nodeName === undefined ? undefined : `spec.nodeName=${nodeName}`,
      fromCache: nodeName !== undefined,
      keep: toPod,
      onSet: (pod) => directory.setPod(pod),
      onGone: (pod) => directory.removePod(pod),
    });
    const owner = (plural: string, path: string) => {
      const handlers = {
        onSet: (one: Owned) => directory.setOwner(one),
        onGone: (one: Owned) => directory.removeOwner(one),
      };
      return [
        plural,
        new Resource({ ...shared, ...handlers, plural, path, metadataOnly: true, keep: toOwned }),
      ] as const;
    };
    this.#owners =
      nodeName === undefined
        ? [owner('replicasets', '/apis/apps/v1/replicasets'), owner('jobs', '/apis/batch/v1/jobs')]
        : [];
    void this.#start();
  }

  /** Owners first, so that a pod's first name is already its best; but pods don't wait for owners that can't be had. */
  async #start(): Promise<void> {
    for (const [, owner] of this.#owners) owner.start();
    await Promise.all(this.#owners.map(([, owner]) => owner.settled));
    if (!this.#closed) this.#pods.start();
  }

  /** Resolves when the pods are listed for the first time, or that has failed: `status()` says which. */
  async ready(): Promise<void> {
    await this.#pods.settled;
  }

  /** Hands over every name known now, and then each that is new or changed. @returns the way to stop it */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    const known = [...this.#directory.all()];
    if (known.length > 0) listener(known);
    return () => void this.#listeners.delete(listener);
  }

  /** By container id, or by pod uid for the pod itself. Deleted pods are remembered for a while. */
  nameOf(id: string): ContainerName | undefined {
    return this.#directory.nameOf(id);
  }

  size(): { living: number; dead: number } {
    return this.#directory.size();
  }

  status(): PodWatchStatus {
    if (this.#closed) return { ok: false, detail: 'closed' };
    const pods = this.#pods.state();
    if (pods.kind === 'starting') return { ok: false, detail: `waiting for the pods of ${this.#url}` };
    if (pods.kind === 'failing') {
      const known = this.#pods.everWatched ? 'names are as old as that' : 'nothing has a name';
      const way = pods.forbidden ? 'its account needs get, list and watch on pods' : SETTINGS;
      return { ok: false, detail: `pods of ${this.#url} can't be watched, ${known}: ${pods.error}; ${way}` };
    }
    const unknown = this.#owners
      .filter(([, owner]) => owner.state().kind === 'failing')
      .map(([plural]) => plural);
    if (unknown.length === 0) return { ok: true };
    return {
      ok: true,
      detail: `${unknown.join(' and ')} can't be watched: workloads are named by the pod's own owner; grant get, list and watch`,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    this.#pods.close();
    for (const [, owner] of this.#owners) owner.close();
  }

  #tell(names: readonly ContainerName[]): void {
    for (const listener of this.#listeners) listener(names);
  }
}
