/** The app on a real embedded store in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBatch } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { buildApp } from '@dentryscope/api';
import type { App, AppOptions } from '@dentryscope/api';
import { Registry, createLogger } from '@dentryscope/runtime';
import { openEmbeddedStore } from '@dentryscope/store';
import type { EmbeddedStore } from '@dentryscope/store';

/** The API's clock in these tests. */
export const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
export const WINDOW = 10_000;
export const silent = createLogger('api-test', process.env['TEST_LOG'] ?? 'fatal');

export interface TestApi {
  readonly app: App;
  readonly store: EmbeddedStore;
  readonly registry: Registry;
  get(url: string, headers?: Record<string, string>): ReturnType<TestApi['inject']>;
  inject(url: string): Promise<{ status: number; type: string; body: string; json: any; headers: any }>; // eslint-disable-line @typescript-eslint/no-explicit-any
  close(): Promise<void>;
}

export async function openStore(): Promise<{ store: EmbeddedStore; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'dentryscope-api-'));
  const store = await openEmbeddedStore({ directory });
  const remove = async () => {
    await store.close();
    await rm(directory, { recursive: true });
  };
  return { store, remove };
}

export async function ask(app: App, url: string, headers: Record<string, string> = {}) {
  const response = await app.inject({ url, headers });
  const type = String(response.headers['content-type'] ?? '');
  const json = type.includes('json') ? JSON.parse(response.body) : undefined;
  return { status: response.statusCode, type, body: response.body, json, headers: response.headers };
}

export async function openApi(options: Partial<AppOptions> = {}): Promise<TestApi> {
  const { store, remove } = await openStore();
  const registry = new Registry();
  const app = await buildApp({
    reader: store.reader,
    logger: silent,
    queryTimeoutMs: 10_000,
    now: () => NOW,
    registry,
    ...options,
  });
  return {
    app,
    store,
    registry,
    get: (url, headers) => ask(app, url, headers),
    inject: (url) => ask(app, url),
    close: async () => {
      await app.close();
      await remove();
    },
  };
}

export interface WindowOf {
  readonly node: string;
  readonly cluster?: string;
  /** Windows that ended before NOW: 0 is the newest. */
  readonly ago?: number;
  readonly startMs?: number;
  readonly state?: NodeBatch['state'] | Record<string, unknown>;
  /** id → dentries allocated */
  readonly allocated?: Record<string, bigint>;
  /** id → living dentries and their standard error; not with `allocated` */
  readonly live?: Record<string, [bigint, bigint]>;
  readonly infos?: readonly Record<string, unknown>[];
  readonly health?: Record<string, unknown>;
}

/** One window of a node; its seq follows from its time. */
export function windowOf({ node, cluster = 'c1', ago = 0, allocated = {}, infos = [], ...rest }: WindowOf) {
  const { live = {} } = rest;
  const held = Object.values(live);
  const startMs = rest.startMs ?? NOW - (ago + 1) * WINDOW;
  return createBatch({
    cluster,
    node,
    bootId: `boot-${cluster}-${node}`,
    seq: BigInt(Math.floor(startMs / WINDOW)) - 170_000_000n,
    windowStartMs: BigInt(startMs),
    windowEndMs: BigInt(startMs + WINDOW),
    windowDurationNs: BigInt(WINDOW) * 1_000_000n,
    state: rest.state as never,
    cgroups: {
      ids: Object.keys({ ...allocated, ...live }).map(BigInt),
      dentriesAllocated: Object.values(allocated),
      liveDentriesEstimate: held.map(([dentries]) => dentries),
      liveDentriesStandardError: held.map(([, error]) => error),
    },
    cgroupInfos: infos as never,
    health: rest.health as never,
  });
}
