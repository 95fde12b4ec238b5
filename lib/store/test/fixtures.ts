/** Windows and names for the tests, with as little said as each test needs. */
import { expect } from 'vitest';
import { createBatch } from '@dentryscope/contracts';
import type { NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import { findMetric } from '@dentryscope/contracts';
import type { CgroupMetric, Dimension } from '@dentryscope/contracts';
import type { ContainerName, OwnerFilter, Reader } from '@dentryscope/store';

export const T0 = Date.UTC(2026, 0, 1);
export const WINDOW = 10_000;

export const allocated = findMetric('dentries_allocated') as CgroupMetric;
export const freed = findMetric('dentries_freed') as CgroupMetric;
export const metric = (name: string) => findMetric(name)!;

interface Said extends Omit<NodeBatchInit, 'seq' | 'windowStartMs' | 'windowEndMs' | 'cgroups'> {
  /** 1, 2, 3 …; the window starts at T0 + (seq − 1) × 10 s unless `startMs` says otherwise. */
  seq?: number;
  startMs?: number;
  /** id → dentries allocated and, where given for all, freed. */
  figures?: Record<string, bigint | [bigint, bigint]>;
  /** id → living dentries, and their standard error where given for all. Not with `figures`. */
  live?: Record<string, bigint | [bigint, bigint]>;
}

export function window({ seq = 1, startMs, figures = {}, live, ...said }: Said): NodeBatch {
  const start = startMs ?? T0 + (seq - 1) * WINDOW;
  const values = Object.values(live ?? figures).map((value) => (Array.isArray(value) ? value : [value]));
  const first = values.map((value) => value[0]!);
  const second = values.flatMap((value) => value.slice(1));
  return createBatch({
    cluster: 'c1',
    node: 'n1',
    bootId: 'boot-1',
    seq: BigInt(seq),
    windowStartMs: BigInt(start),
    windowEndMs: BigInt(start + WINDOW),
    windowDurationNs: BigInt(WINDOW) * 1_000_000n,
    cgroups: {
      ids: Object.keys(live ?? figures).map(BigInt),
      ...(live
        ? { liveDentriesEstimate: first, liveDentriesStandardError: second }
        : { dentriesAllocated: first, dentriesFreed: second }),
    },
    ...said,
  } as NodeBatchInit);
}

/** A cgroup of a container in a pod: the ids say who. */
export const info = (id: bigint, path: string, podUid = '', containerId = '', removed = false) => ({
  id,
  path,
  hierarchy: 'v2',
  podUid,
  containerId,
  removed,
});

export function named(podUid: string, containerId: string, container: string, pod = 'web-1'): ContainerName {
  return { podUid, containerId, namespace: 'shop', pod, container, workload: 'Deployment/web' };
}

const forever = { fromMs: T0 - 86_400_000, toMs: T0 + 86_400_000 };
export const cap = () => ({ signal: new AbortController().signal });

interface Asked {
  metric?: CgroupMetric | ReturnType<typeof metric>;
  filter?: OwnerFilter;
  fromMs?: number;
  toMs?: number;
}

export function top(reader: Reader, by: Dimension, asked: Asked & { limit?: number } = {}) {
  return reader.top({ metric: allocated, filter: {}, limit: 100, ...forever, by, ...asked }, cap());
}

/** Of what is told. */
export async function total(reader: Reader, asked: Asked = {}): Promise<bigint> {
  return (await top(reader, 'node', asked)).total ?? 0n;
}

/** Steps as [offset from T0 in ms, value]. */
export async function series(reader: Reader, asked: Asked & { stepMs?: number } = {}) {
  const request = { metric: allocated, filter: {}, stepMs: WINDOW, ...forever, fromMs: T0, ...asked };
  const { steps } = await reader.series(request, cap());
  return steps.map(({ startMs, value }): [number, bigint] => [startMs - T0, value]);
}

export function nodes(
  reader: Reader,
  asked: { sinceMs?: number; growthOverMs?: number; cluster?: string; node?: string } = {},
) {
  return reader.nodes({ sinceMs: forever.fromMs, growthOverMs: 3_600_000, ...asked }, cap());
}

/** How often it failed before it went through. */
export async function untilWritten(write: () => Promise<void>, waitMs = 100): Promise<number> {
  for (let failed = 0; ; failed++) {
    const error = await write().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!error) return failed;
    expect(error).toMatchObject({ name: 'StoreError', retryable: true });
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
