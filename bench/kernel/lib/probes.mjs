/** What is attached while a storm runs. Each `open` gives a function that detaches and tells its count. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKernel } from '@dentryscope/agent';
import { CgroupTree } from '@dentryscope/identity';
import { DentryProbe } from '@dentryscope/native';
import { createLogger, loadSettings } from '@dentryscope/runtime';
import { Child } from '../../../scripts/lib/child.mjs';
import { built } from './setup.mjs';

const counting = (event, map) =>
  `tracepoint:kmem:${event} /str(args->name) == "dentry"/ { ${map} = count(); }`;

/** The filter gives exact counts. `same` counts what ours counts: allocations by cgroup, and frees. */
export const bpftracePrograms = {
  allocations: counting('kmem_cache_alloc', '@[cgroup]'),
  same: `${counting('kmem_cache_alloc', '@[cgroup]')} ${counting('kmem_cache_free', '@freed')}`,
};

const ATTACH_LIMIT_MS = 30_000;

export async function openNothing() {
  return async () => undefined;
}

async function openEmpty(scope, ...program) {
  const child = new Child(scope, join(built, 'attach'), [join(built, 'floor.bpf.o'), ...program]);
  await child.line();
  return async () => {
    await child.end();
  };
}

export const openFloor = (scope) => openEmpty(scope);
export const openFloorAllocations = (scope) => openEmpty(scope, 'empty_alloc');

/** All that `dentryscope agent` attaches with its default settings, and nothing that reads it meanwhile. */
export async function openOurs(scope, cgroupId) {
  const { settings } = loadSettings('agent', []);
  const tree = await CgroupTree.open({ procRoot: '/proc', cgroupRoot: settings.cgroupRoot });
  const kernel = await openKernel(settings, tree, release(), createLogger('bench', 'error'));
  const close = scope.defer(() => kernel.signals.forEach((signal) => signal.close()));
  return async () => {
    const hooks = kernel.signals.flatMap((signal) => signal.hooks());
    const counted = kernel.signals.flatMap((signal) => signal.sample().counted ?? []);
    await close();
    const row = counted.find(({ columns }) => columns.dentriesAllocated);
    const count = row?.columns.dentriesAllocated[row.ids.indexOf(cgroupId)];
    return { count, hooks: hooks.map(({ hook, backend }) => ({ hook, backend })) };
  };
}

/** So many at once: what tells one from another is then as many times as large, and the machine's noise is not. */
export const COPIES = 6;

const closeAll = (closes) => Promise.all(closes.map((close) => close()));

export async function openFloorCopies(scope) {
  const closes = [];
  for (let i = 0; i < COPIES; i += 1) closes.push(await openFloor(scope));
  return async () => {
    await closeAll(closes);
  };
}

function countedBy(probe, cgroupId) {
  const { ids, columns } = probe.drain();
  return columns.dentriesAllocated?.[ids.indexOf(cgroupId)];
}

/** What counts allocations by cgroup, on kmem_cache_alloc alone: no frees, so no sample of living dentries. */
export async function openOursAllocations(scope, cgroupId) {
  const probe = DentryProbe.open({ backends: ['tracepoint'], hooks: ['dentry_alloc'] });
  const close = scope.defer(() => probe.close());
  return async () => {
    const count = countedBy(probe, cgroupId);
    await close();
    return { count };
  };
}

/** The programs of the dentry counts by slab tracepoint, without the agent's others. All must have counted the same. */
export async function openOursCopies(scope, cgroupId) {
  const probes = Array.from({ length: COPIES }, () => DentryProbe.open({ backends: ['tracepoint'] }));
  const closes = probes.map((probe) => scope.defer(() => probe.close()));
  return async () => {
    const counts = probes.map((probe) => countedBy(probe, cgroupId));
    await closeAll(closes);
    if (new Set(counts).size > 1) throw new Error(`copies counted ${counts.join(', ')}`);
    return { count: counts[0] };
  };
}

/** It prints that it will attach, not that it has: once it has, it waits in epoll until it is told to end. */
function waits(child) {
  return !child.ended && /epoll|ep_poll/.test(readFileSync(`/proc/${child.pid}/wchan`, 'utf8'));
}

async function attached(child) {
  const deadline = Date.now() + ATTACH_LIMIT_MS;
  while (!waits(child)) {
    if (child.ended || Date.now() > deadline) throw new Error(`bpftrace does not attach: ${child.stderr}`);
    await sleep(10);
  }
}

/** In a mount namespace of its own, where it finds tracefs whether the machine has it mounted or not. */
async function openBpftrace(scope, cgroupId, program) {
  const script = `there() { mountpoint -q "$2" || mount -t "$1" none "$2"; }
    there tracefs /sys/kernel/tracing && there debugfs /sys/kernel/debug && exec bpftrace -e "$0"`;
  const child = new Child(scope, 'unshare', ['-m', 'sh', '-c', script, program]);
  await child.line();
  await attached(child);
  return async () => {
    // 0.17 sees a signal only while it waits: one between two waits is lost. Later a second one would be its death.
    const lines = await child.end('SIGINT', () => waits(child));
    const found = lines
      .map((line) => /^@\[(\d+)\]: (\d+)$/.exec(line))
      .find((match) => match?.[1] === String(cgroupId));
    return { count: found ? BigInt(found[2]) : 0n };
  };
}

export const openBpftraceSame = (scope, cgroupId) => openBpftrace(scope, cgroupId, bpftracePrograms.same);
export const openBpftraceAllocations = (scope, cgroupId) =>
  openBpftrace(scope, cgroupId, bpftracePrograms.allocations);
