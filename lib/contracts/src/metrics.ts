/** Every figure the fleet can be asked for, declared once: its name in queries, its unit, and where it lies on the wire. */
import type { CgroupColumns, NodeState } from './gen/dentryscope/v1/wire_pb.js';

export * from './combine.js';

/** The columns of CgroupColumns that are counters. */
export type CgroupColumn = Exclude<keyof CgroupColumns, 'ids' | `$${string}`>;
/** The fields of NodeState that hold one number. */
export type NodeField = Exclude<
  keyof NodeState,
  'slabCaches' | 'shrinkers' | 'timerJitterNsByCpu' | `$${string}`
>;

/**
 * How figures of several cgroups or nodes become one. Standard errors of estimates that were made apart combine as the
 * root of the sum of their squares, rounded up.
 */
export type Combine = 'sum' | 'root_sum_square';

export interface CgroupMetric {
  readonly name: string;
  readonly level: 'cgroup';
  /** A counter is a delta of its window: over time it adds up. Of a gauge the last counts. */
  readonly kind: 'counter' | 'gauge';
  readonly combine: Combine;
  readonly unit: 'dentries' | 'nanoseconds' | 'events' | 'bytes';
  readonly column: CgroupColumn;
  readonly help: string;
}

export interface NodeMetric {
  readonly name: string;
  readonly level: 'node';
  /** A gauge is the value at the window's end: over time the last counts. */
  readonly kind: 'counter' | 'gauge';
  readonly combine: Combine;
  readonly unit: 'dentries' | 'nanoseconds' | 'events' | 'bytes' | 'ratio_percent';
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
  combine: 'sum',
  unit,
  column,
  help,
});

const gauge = (...of: Parameters<typeof counter>): CgroupMetric => ({ ...counter(...of), kind: 'gauge' });

const standardError = <M extends CgroupMetric | NodeMetric>(metric: M): M => ({
  ...metric,
  combine: 'root_sum_square',
});

const kinds = {
  pressure: 'by the kernel itself, short of memory',
  drop_caches: 'because somebody wrote to drop_caches',
  remount: 'because a file system was remounted',
  umount: 'because a file system was unmounted',
  direct: 'by a task that wanted memory itself (the node or its memory cgroup had none)',
} as const;

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const reclaim = Object.entries(kinds).flatMap(([kind, why]) =>
  (
    [
      ['events', 'events', 'Calls that reclaimed dentries'],
      ['ns', 'nanoseconds', 'Time of tasks of the cgroup in reclaim of dentries'],
      ['freed', 'dentries', 'Dentries freed by reclaim'],
    ] as const
  ).map(([what, unit, help]) => {
    const name = `reclaim_${kind}_${what}`;
    return counter(name, unit, camel(name) as CgroupColumn, `${help}, ${why}.`);
  }),
);

const node = (
  name: string,
  kind: NodeMetric['kind'],
  unit: NodeMetric['unit'],
  field: NodeField,
  help: string,
): NodeMetric => ({ name, level: 'node', kind, combine: 'sum', unit, field, help });

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
  counter(
    'negative_by_lookup',
    'dentries',
    'negativeByLookup',
    'Dentries that became negative: a lookup found no such name. Every create of a new name is one, before it is instantiated.',
  ),
  counter(
    'negative_by_unlink',
    'dentries',
    'negativeByUnlink',
    'Dentries that became negative in place: their file was unlinked.',
  ),
  counter('instantiated', 'dentries', 'instantiated', 'Dentries that a create gave an inode.'),
  counter(
    'positive_by_lookup',
    'dentries',
    'positiveByLookup',
    'Dentries given an inode because a lookup found the name.',
  ),
  counter(
    'negatives_freed',
    'dentries',
    'negativesFreed',
    'Those of dentries_freed that had no inode. Population: negatives grow by dentries_allocated - instantiated - positive_by_lookup + negative_by_unlink - negatives_freed, positives by instantiated + positive_by_lookup - negative_by_unlink - (dentries_freed - negatives_freed).',
  ),
  ...reclaim,
  counter('direct_reclaim_events', 'events', 'directReclaimEvents', 'Direct reclaims of memory of any sort.'),
  counter(
    'direct_reclaim_ns',
    'nanoseconds',
    'directReclaimNs',
    'Time of tasks of the cgroup in direct reclaim of memory of any sort.',
  ),
  counter('run_queue_waits', 'events', 'runQueueWaits', 'Times that a runnable task waited for a CPU.'),
  counter(
    'run_queue_latency_ns',
    'nanoseconds',
    'runQueueLatencyNs',
    'Time of tasks of the cgroup between runnable and running.',
  ),
  counter('lock_contentions', 'events', 'lockContentions', 'Waits for kernel locks.'),
  counter(
    'lock_contention_ns',
    'nanoseconds',
    'lockContentionNs',
    'Time of tasks of the cgroup in waits for kernel locks.',
  ),
  counter('cpu_throttled_ns', 'nanoseconds', 'cpuThrottledNs', 'Throttled by cpu.max (cpu.stat).'),
  counter(
    'psi_cpu_some_ns',
    'nanoseconds',
    'psiCpuSomeNs',
    'PSI: some task of the cgroup waited for a CPU. Of cgroups with none below them; of several the sum, also where they waited at once.',
  ),
  counter(
    'psi_memory_some_ns',
    'nanoseconds',
    'psiMemorySomeNs',
    'PSI: some task waited for memory. As psi_cpu_some_ns.',
  ),
  counter(
    'psi_memory_full_ns',
    'nanoseconds',
    'psiMemoryFullNs',
    'PSI: all tasks waited for memory. As psi_cpu_some_ns.',
  ),
  counter(
    'psi_io_some_ns',
    'nanoseconds',
    'psiIoSomeNs',
    'PSI: some task waited for I/O. As psi_cpu_some_ns.',
  ),
  counter(
    'psi_io_full_ns',
    'nanoseconds',
    'psiIoFullNs',
    'PSI: all tasks waited for I/O. As psi_cpu_some_ns.',
  ),
  gauge(
    'live_dentries_estimate',
    'dentries',
    'liveDentriesEstimate',
    'Living dentries that tasks of the cgroup allocated, the cgroup alive or not; estimated from sampled addresses.',
  ),
  standardError(
    gauge(
      'live_dentries_standard_error',
      'dentries',
      'liveDentriesStandardError',
      'Standard error of live_dentries_estimate; of several cgroups the root of the sum of squares. 0: every dentry is sampled.',
    ),
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
  node(
    'node_dentries_unexplained',
    'counter',
    'dentries',
    'dentriesUnexplained',
    'The books: allocated - freed - the change of nr_dentry. About 0; what is not is what this agent could not see.',
  ),
  node(
    'node_dentries_before_agent_estimate',
    'gauge',
    'dentries',
    'dentriesBeforeAgentEstimate',
    'Living dentries that are older than the agent: whose they are is not known.',
  ),
  standardError(
    node(
      'node_dentries_before_agent_standard_error',
      'gauge',
      'dentries',
      'dentriesBeforeAgentStandardError',
      'Standard error of node_dentries_before_agent_estimate; of several nodes the root of the sum of squares.',
    ),
  ),
  node(
    'node_softlockups',
    'counter',
    'events',
    'softlockups',
    'Soft lockups in the kernel log. Absent where kernel.soft_watchdog is 0.',
  ),
  node(
    'node_hardlockups',
    'counter',
    'events',
    'hardlockups',
    'Hard lockups in the kernel log. Absent where kernel.nmi_watchdog is 0.',
  ),
  node(
    'node_rcu_stalls',
    'counter',
    'events',
    'rcuStalls',
    'RCU stalls in the kernel log. Absent where they are suppressed.',
  ),
  node(
    'node_hung_tasks',
    'counter',
    'events',
    'hungTasks',
    'Hung tasks that the kernel found (hung_task_detect_count), on older kernels those in its log. Absent where it does not look for them or has fallen silent (hung_task_warnings).',
  ),
  node(
    'node_timer_jitter_max_ns',
    'gauge',
    'nanoseconds',
    'timerJitterMaxNs',
    'The latest that a timer came in the window, over all CPUs.',
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
