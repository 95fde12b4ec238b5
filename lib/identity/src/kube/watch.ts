/** The client's watch, made to notice that nobody answers, and to keep only what is asked for. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Agent } from 'node:https';
import type { KubeConfig, Watch } from '@kubernetes/client-node';
import type { Cluster, Patience } from './cluster.js';

/** A server that ends every watch at once (it is overloaded, or its etcd is away) is not asked again faster. */
const APART_MS = 500;

export interface WatchOptions {
  readonly accept: string;
  readonly patience: Patience;
  /** What is kept of an object. */
  readonly keep: (raw: unknown) => unknown;
  /** The server has accepted the watch. */
  readonly onOpen: () => void;
  /** Aborted: watches end, none begins. */
  readonly signal: AbortSignal;
}

/** In place of the client's `Watch`, of which `ListWatch` needs the one method only. */
export function createWatch(cluster: Cluster, options: WatchOptions): Watch {
  let lastMs = -Infinity;
  const watch: Watch['watch'] = async (path, params, callback, done) => {
    const { signal } = options;
    await wait(Math.max(0, lastMs + APART_MS - performance.now()), undefined, { signal }).catch(
      () => undefined,
    );
    lastMs = performance.now();
    const guard = new Guard(done);
    if (signal.aborted) guard.end(null);
    else open(guard, path, { ...params, allowWatchBookmarks: true }, callback);
    return guard.controller;
  };

  function open(
    guard: Guard,
    path: string,
    params: Parameters<Watch['watch']>[1],
    callback: Parameters<Watch['watch']>[2],
  ) {
    options.signal.addEventListener('abort', guard.cancel, { once: true });
    guard.onEnd(() => options.signal.removeEventListener('abort', guard.cancel));
    guard.expect(options.patience.answerMs, 'it does not answer');
    const inner = new cluster.client.Watch(
      withAccept(cluster.config, options.accept, (agent) => guard.onEnd(() => agent.destroy())),
    );
    const onEvent = (phase: string, object: unknown) => {
      if (guard.over) return;
      guard.expect(options.patience.silenceMs, 'it has said nothing');
      // A Status or a bookmark has no more than it shows.
      callback(phase, ['ADDED', 'MODIFIED', 'DELETED'].includes(phase) ? options.keep(object) : object);
    };
    inner
      .watch(path, params, onEvent, (error) => guard.end(error))
      .then(
        (controller) => {
          guard.onEnd(() => controller.abort());
          if (guard.over) return;
          guard.expect(options.patience.silenceMs, 'it has said nothing');
          options.onOpen();
        },
        (error: unknown) => guard.end(error),
      );
  }
  return { watch } as Watch;
}

/** @param onAgent is told of the connection pool, one for each watch: the way to end a request that has no answer yet */
function withAccept(config: KubeConfig, accept: string, onAgent: (agent: Agent) => void): KubeConfig {
  const changed = Object.create(config) as KubeConfig;
  changed.applyToFetchOptions = async (options) => {
    const headers = { ...(options.headers as Record<string, string>), accept };
    const init = await config.applyToFetchOptions({ ...options, headers });
    if (typeof init.agent === 'object') onAgent(init.agent as Agent);
    return init;
  };
  return changed;
}

/** Sees to it that `done` is called exactly once, whoever finds out first that the watch is over. */
class Guard {
  /** What ListWatch aborts to end the watch. */
  readonly controller = new AbortController();
  readonly #ends: (() => void)[] = [];
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly done: (error: unknown) => void) {
    this.controller.signal.addEventListener('abort', this.cancel);
  }

  get over(): boolean {
    return this.#over;
  }

  readonly cancel = (): void => this.end(null);

  onEnd(end: () => void): void {
    if (this.#over) end();
    else this.#ends.push(end);
  }

  expect(withinMs: number, otherwise: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(new Error(`${otherwise} for ${withinMs / 1000} s`)), withinMs);
  }

  end(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    this.done(error);
  }
}
