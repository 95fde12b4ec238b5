/** Every figure the fleet can be asked for, declared once: its name in queries, its unit, and where it lies on the wire. */
import type { CgroupColumns, NodeState } from './gen/dentryscope/v1/wire_pb.js';

/** The columns of CgroupColumns that are counters. */
export type CgroupColumn = Exclude<keyof CgroupColumns, 'ids' | `$${string}`>;
/** The fields of NodeState that hold one number. */
export type NodeField = Exclude<keyof NodeState, 'slabCaches' | `$${string}`>;

export interface CgroupMetric {
  readonly name: string;
  readonly level: 'cgroup';
  /** A counter is a delta of its window: over time and over cgroups it adds up. */
  readonly kind: 'counter';
  readonly unit: 'dentries' | 'nanoseconds' | 'events' | 'bytes';
  readonly column: CgroupColumn;
  readonly help: string;
}

export interface NodeMetric {
  readonly name: string;
  readonly level: 'node';
  /** A gauge is the value at the window's end: over time the last counts, over nodes it adds up. */
  readonly kind: 'counter' | 'gauge';
  readonly unit: 'dentries' | 'nanoseconds' | 'bytes' | 'ratio_percent';
  readonly field: NodeField;
  readonly help: string;
}

const counter = (
  name: string,
  unit: CgroupMetric['unit'],
  column: CgroupColumn,
  help: string,
): CgroupMetric => ({
  name,
  level: 'cgroup',
  kind: 'counter',
  unit,
  column,
  help,
});

const node = (
  name: string,
  kind: NodeMetric['kind'],
  unit: NodeMetric['unit'],
  field: NodeField,
  help: string,
): NodeMetric => ({ name, level: 'node', kind, unit, field, help });

export const cgroupMetrics: readonly CgroupMetric[] = [
  counter(
    'dentries_allocated',
    'dentries',
    'dentriesAllocated',
    'Dentries allocated by tasks of the cgroup; pipes and sockets are not counted where the backend can tell them.',
  ),
  counter(
    'dentries_freed',
    'dentries',
    'dentriesFreed',
    'Dentries killed by tasks of the cgroup, whoever made them; absent where the backend cannot see who.',
  ),
];

export const nodeMetrics: readonly NodeMetric[] = [
  node('node_dentries', 'gauge', 'dentries', 'nrDentry', 'Dentries on the node (dentry-state, field 1).'),
  node(
    'node_dentries_unused',
    'gauge',
    'dentries',
    'nrUnused',
    'Dentries on an LRU list (dentry-state, field 2).',
  ),
  node(
    'node_dentries_negative',
    'gauge',
    'dentries',
    'nrNegative',
    'Unused negative dentries (dentry-state, field 5).',
  ),
  node(
    'node_dentries_allocated',
    'counter',
    'dentries',
    'dentriesAllocated',
    'Dentries allocated on the node, pipes and sockets included.',
  ),
  node(
    'node_dentries_freed',
    'counter',
    'dentries',
    'dentriesFreed',
    'Dentries freed on the node, pipes and sockets included.',
  ),
  node('node_memory_total_bytes', 'gauge', 'bytes', 'memTotalBytes', 'MemTotal.'),
  node('node_memory_available_bytes', 'gauge', 'bytes', 'memAvailableBytes', 'MemAvailable.'),
  node('node_slab_reclaimable_bytes', 'gauge', 'bytes', 'slabReclaimableBytes', 'SReclaimable.'),
  node('node_slab_unreclaimable_bytes', 'gauge', 'bytes', 'slabUnreclaimableBytes', 'SUnreclaim.'),
  node(
    'node_vfs_cache_pressure',
    'gauge',
    'ratio_percent',
    'vfsCachePressure',
    'vm.vfs_cache_pressure, in percent.',
  ),
  node('node_psi_cpu_some_ns', 'counter', 'nanoseconds', 'psiCpuSomeNs', 'PSI: some task waited for a CPU.'),
  node(
    'node_psi_memory_some_ns',
    'counter',
    'nanoseconds',
    'psiMemorySomeNs',
    'PSI: some task waited for memory.',
  ),
  node(
    'node_psi_memory_full_ns',
    'counter',
    'nanoseconds',
    'psiMemoryFullNs',
    'PSI: all tasks waited for memory.',
  ),
  node('node_psi_io_some_ns', 'counter', 'nanoseconds', 'psiIoSomeNs', 'PSI: some task waited for I/O.'),
  node('node_psi_io_full_ns', 'counter', 'nanoseconds', 'psiIoFullNs', 'PSI: all tasks waited for I/O.'),
];

export type Metric = CgroupMetric | NodeMetric;
export const metrics: readonly Metric[] = [...cgroupMetrics, ...nodeMetrics];

export function findMetric(name: string): Metric | undefined {
  return metrics.find((metric) => metric.name === name);
}
