/** One kind of object, listed and watched for as long as it takes. */
import type { KubernetesListObject, KubernetesObject, ListWatch } from '@kubernetes/client-node';
import type { Log } from '../log.js';
import { getJson } from './cluster.js';
import type { Cluster, KubeError } from './cluster.js';
import type { ObjectMeta } from './objects.js';
import { createWatch } from './watch.js';

export interface ResourceOptions<T> {
  readonly cluster: Cluster;
  /** For messages: `pods`. */
  readonly plural: string;
  /** /api/v1/pods */
  readonly path: string;
  readonly fieldSelector?: string | undefined;
  /** Only names and owners are sent by the server. */
  readonly metadataOnly?: boolean;
  /** A list may be as old as the server's cache: with a field selector it spares etcd the reading of every object. */
  readonly fromCache?: boolean;
  readonly keep: (raw: unknown) => T;
  readonly onSet: (object: T) => void;
  readonly onGone: (object: T) => void;
  readonly log: Log;
  readonly firstMs: number;
  readonly mostMs: number;
}

export type ResourceState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'watching' }
  | { readonly kind: 'failing'; readonly error: string; readonly forbidden: boolean };

const PAGE = 500;
const FORBIDDEN = [401, 403];

export class Resource<T extends { readonly metadata: ObjectMeta }> {
  readonly #closing = new AbortController();
  readonly #informer: ListWatch<KubernetesObject>;
  #state: ResourceState = { kind: 'starting' };
  #everWatched = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #settle: () => void = () => undefined;
  /** Resolves when the first list is in, or has failed: then there is something to go on with. */
  readonly settled = new Promise<void>((resolve) => (this.#settle = resolve));

  constructor(private readonly options: ResourceOptions<T>) {
    const { cluster, path, fieldSelector, keep, onSet, onGone } = options;
    const watch = createWatch(cluster, {
      accept: this.#accept(''),
      patience: cluster.patience,
      keep,
      onOpen: () => this.#onOpen(),
      signal: this.#closing.signal,
    });
    const informer = new cluster.client.ListWatch<KubernetesObject>(
      path,
      watch,
      () => this.#list(),
      false,
      undefined,
      fieldSelector,
    );
    // What the informer holds is what `keep` made, not the client's classes.
    const as = (use: (object: T) => void) => (object: unknown) => use(object as T);
    informer.on('add', as(onSet));
    informer.on('update', as(onSet));
    informer.on('delete', as(onGone));
    informer.on('error', (error: unknown) => this.#onError(error));
    this.#informer = informer;
  }

  start(): void {
    this.#informer.start().catch((error: unknown) => this.#onError(error));
  }

  state(): ResourceState {
    return this.#state;
  }

  /** It has been listed at least once, so that what is known is at worst old. */
  get everWatched(): boolean {
    return this.#everWatched;
  }

  close(): void {
    clearTimeout(this.#timer);
    void this.#informer.stop();
    this.#closing.abort();
    this.#settle();
  }

  #onOpen(): void {
    if (this.#state.kind === 'failing') this.options.log('info', `${this.options.plural} are watched again`);
    this.#state = { kind: 'watching' };
    this.#everWatched = true;
    this.#failures = 0;
    this.#settle();
  }

  /** ListWatch stops at an error. It keeps its objects and its place, so that a restart misses nothing. */
  #onError(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    const { plural, log, firstMs, mostMs } = this.options;
    const forbidden = FORBIDDEN.includes((error as Partial<KubeError>).statusCode ?? 0);
    const message = messageOf(error);
    if (this.#state.kind !== 'failing' || this.#state.error !== message)
      log('warn', `${plural} can't be watched: ${message}`);
    this.#state = { kind: 'failing', error: message, forbidden };
    this.#settle();
    const step = Math.min(mostMs, firstMs * 2 ** Math.min(this.#failures++, 30));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), step / 2 + (Math.random() * step) / 2);
  }

  /** In pages, of which only what is kept stays in memory. */
  async #list(): Promise<KubernetesListObject<KubernetesObject>> {
    const { cluster, path, fieldSelector, fromCache, keep } = this.options;
    const items: T[] = [];
    for (let from = '', resourceVersion = ''; ;) {
      const query = new URLSearchParams(fromCache ? { resourceVersion: '0' } : { limit: String(PAGE) });
      if (fieldSelector) query.set('fieldSelector', fieldSelector);
      if (from) query.set('continue', from);
      const accept = this.#accept('List');
      const page = (await getJson(cluster, `${path}?${query}`, accept, this.#closing.signal)) as Page;
      for (const raw of page.items ?? []) items.push(keep(raw));
      from = page.metadata?.continue ?? '';
      resourceVersion = page.metadata?.resourceVersion ?? '';
      if (!from) return { items: items as never, metadata: { resourceVersion } };
    }
  }

  #accept(suffix: '' | 'List'): string {
    if (!this.options.metadataOnly) return 'application/json';
    return `application/json;as=PartialObjectMetadata${suffix};g=meta.k8s.io;v=v1,application/json`;
  }
}

interface Page {
  readonly items?: unknown[];
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
}

/** node-fetch wraps what happened; the connection's own words are the useful ones. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const nested = (error as AggregateError).errors as Error[] | undefined;
  return error.message || nested?.map(({ message }) => message).join('; ') || error.name;
}
