/** Which pod lives in a place at a window, and what its containers are called. */
import type { Platform } from './platforms.js';
import type { NodePlan, PodPlan } from './plan.js';
import { hash, hex, uuid } from './random.js';

/** Letters of names that Kubernetes makes up: no vowels, so no words (k8s.io/apimachinery util/rand). */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
/** A container's cgroup id grows by a generation in the upper half, as kernfs does when a number is used again. */
const GENERATION_SHIFT = 32n;
const V1_MEMORY_HIERARCHY = 9n << 56n;
const FIRST_INODE = 2_000n;
const RUNTIME_INODE = 1_099n;

export interface Life {
  /** Which pod of its place, counted from the one that window 0 has or follows. */
  readonly generation: number;
  /** Windows since the pod started. */
  readonly age: number;
}

/** @returns undefined while the place is empty */
export function lifeAt(pod: PodPlan, window: number): Life | undefined {
  const since = window + pod.phase;
  if (pod.period === 0) return { generation: 0, age: since };
  const age = since % pod.period;
  return age < pod.life ? { generation: Math.floor(since / pod.period), age } : undefined;
}

/** Of the containers that lived in a place between two windows, the last one excluded. */
export function generationsBetween(pod: PodPlan, from: number, to: number): readonly number[] {
  if (to <= from) return [];
  if (pod.period === 0) return [0];
  const first = Math.floor((from + pod.phase) / pod.period);
  const last = Math.floor((to - 1 + pod.phase) / pod.period);
  const ended = first * pod.period + pod.life - pod.phase <= from;
  const start = ended ? first + 1 : first;
  return Array.from({ length: Math.max(0, last - start + 1) }, (_, n) => start + n);
}

export function cgroupId(node: NodePlan, pod: PodPlan, container: number, generation: number): bigint {
  const inode = FIRST_INODE + BigInt(pod.firstContainer + container);
  return inHierarchy(node, (BigInt(generation + 1) << GENERATION_SHIFT) + inode);
}

/** The container runtime's own cgroup. */
export const runtimeId = (node: NodePlan): bigint => inHierarchy(node, RUNTIME_INODE);

const inHierarchy = ({ platform }: NodePlan, id: bigint): bigint =>
  platform.cgroups === 'v1-cgroupfs' ? V1_MEMORY_HIERARCHY | id : id;

/** Tells the containers of all pods apart, for their load. */
export function containerSeed(pod: PodPlan, container: number, generation: number): number {
  return hash(pod.seed, container, generation);
}

export const podUid = (node: NodePlan, pod: PodPlan, generation: number): string =>
  uuid('pod', node.bootId, pod.seed, generation);

export const containerId = (node: NodePlan, pod: PodPlan, container: number, generation: number): string =>
  hex('container', node.bootId, pod.seed, container, generation);

export function containerPath(platform: Platform, uid: string, id: string): string {
  if (platform.cgroups !== 'v2-systemd') return `/kubepods/burstable/pod${uid}/${id}`;
  const slice = `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;
  return `/kubepods.slice/kubepods-burstable.slice/${slice}/${platform.runtime}-${id}.scope`;
}

export const hierarchyOf = (platform: Platform): string =>
  platform.cgroups === 'v1-cgroupfs' ? 'memory' : 'v2';

/** The way Kubernetes names the pods of each kind: a set's by number, a deployment's with its replica set's hash. */
export function podName(node: NodePlan, pod: PodPlan, generation: number): string {
  const { kind, name } = pod.workload;
  if (kind === 'StatefulSet') return `${name}-${node.name.replace('.sim', '')}-${pod.firstContainer}`;
  const replicaSet = kind === 'Deployment' ? `${letters(9, hash(...Buffer.from(name)))}-` : '';
  return `${name}-${replicaSet}${letters(5, hash(pod.seed, generation, 30))}`;
}

function letters(count: number, seed: number): string {
  return Array.from({ length: count }, (_, n) => NAME_LETTERS[hash(seed, n) % NAME_LETTERS.length]).join('');
}
