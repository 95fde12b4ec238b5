/** The agent's own /metrics, in the seed's names. A figure the backend can't see has no series at all. */
import type { CgroupColumn, NodeBatch } from '@dentryscope/contracts';
import { Counter, Gauge } from '@dentryscope/runtime';
import type { Registry } from '@dentryscope/runtime';
import { DentryExposition } from './exposition-dentries.js';
import { StallExposition } from './exposition-stalls.js';

/** Labels of a cgroup; all empty for what is no pod's: one series, whatever the number of cgroups. */
export interface PodLabels {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}
export type LabelsOf = (cgroupId: bigint) => PodLabels;

/** Figures of the agent at the moment in which it is asked. */
export interface Standing {
  spoolWindows(): number;
  /** Cgroups that are counted as cgroup 0: now, and ever since the agent started. */
  foldedCgroups(): { readonly now: number; readonly ever: number };
}

/** Kinds of reclaim by label, with the hook that sees them and the name of their columns. */
const reclaimKinds = [
  ['pressure', 'reclaim_prune', 'reclaimPressure'],
  ['direct', 'reclaim_prune', 'reclaimDirect'],
  ['drop_caches', 'reclaim_prune', 'reclaimDropCaches'],
  ['remount', 'reclaim_remount', 'reclaimRemount'],
  ['umount', 'reclaim_umount', 'reclaimUmount'],
] as const;

export class Exposition {
  readonly #made: DentryExposition;
  readonly #stalls: StallExposition;
  readonly #dentries: Gauge;
  readonly #reclaims: { calls: Counter; seconds: Counter; freed: Counter };
  readonly #windows: Counter;
  readonly #lost: Gauge;
  readonly #hooks: Gauge;
  readonly #missed: Gauge;

  constructor(registry: Registry, labelsOf: LabelsOf, standing: Standing) {
    const registers = [registry];
    this.#made = new DentryExposition(registry, labelsOf);
    this.#stalls = new StallExposition(registry);
    this.#dentries = new Gauge({
      name: 'node_dentry_count',
      help: 'Dentries of the node (/proc/sys/fs/dentry-state): total, unused, negative.',
      labelNames: ['type'],
      registers,
    });
    const reclaim = (name: string, help: string) =>
      new Counter({ name, help, labelNames: ['kind'], registers });
    this.#reclaims = {
      calls: reclaim('node_dentry_reclaim_total', "Calls of the kernel's functions that reclaim dentries."),
      seconds: reclaim('node_dentry_reclaim_seconds_total', 'Time of tasks in reclaim of dentries.'),
      freed: reclaim('node_dentry_reclaim_freed_total', 'Dentries freed by reclaim.'),
    };
    this.#windows = new Counter({ name: 'agent_windows_total', help: 'Windows closed.', registers });
    this.#lost = new Gauge({
      name: 'agent_windows_lost_total',
      help: 'Windows of this boot that could not be kept.',
      registers,
    });
    this.#hooks = new Gauge({
      name: 'agent_hook_attached',
      help: '1 for the backend that a hook found.',
      labelNames: ['hook', 'backend'],
      registers,
    });
    this.#missed = new Gauge({
      name: 'agent_hook_missed_events_total',
      help: 'Events that the kernel did not hand to the program.',
      labelNames: ['hook'],
      registers,
    });
    exposeStanding(registry, standing);
  }

  record(batch: NodeBatch): void {
    this.#windows.inc();
    this.#lost.set(Number(batch.health?.windowsLost ?? 0n));
    this.#made.record(batch);
    this.#stalls.record(batch);
    this.#recordDentries(batch);
    this.#recordReclaim(batch);
    for (const { hook, backend, missed } of batch.health?.hooks ?? []) {
      if (backend) this.#hooks.set({ hook, backend }, 1);
      if (backend) this.#missed.set({ hook }, Number(missed));
    }
  }

  #recordDentries({ state }: NodeBatch): void {
    const types = { total: state?.nrDentry, unused: state?.nrUnused, negative: state?.nrNegative };
    for (const [type, value] of Object.entries(types))
      if (value !== undefined) this.#dentries.set({ type }, Number(value));
  }

  /** From 0 on for what a hook sees. */
  #recordReclaim({ cgroups, health }: NodeBatch): void {
    const seen = new Set(health?.hooks.flatMap(({ hook, backend }) => (backend ? [hook] : [])));
    const sum = (column: CgroupColumn) =>
      Number(cgroups?.[column].reduce((total, value) => total + value, 0n) ?? 0n);
    const { calls, seconds, freed } = this.#reclaims;
    for (const [kind, hook, column] of reclaimKinds) {
      if (!seen.has(hook)) continue;
      calls.inc({ kind }, sum(`${column}Events`));
      seconds.inc({ kind }, sum(`${column}Ns`) / 1e9);
      if (seen.has('reclaim_freed')) freed.inc({ kind }, sum(`${column}Freed`));
    }
  }
}

/** Asked when the metrics are. */
function exposeStanding(registry: Registry, standing: Standing): void {
  const gauges: readonly [name: string, help: string, value: () => number][] = [
    ['agent_spool_windows', 'Windows that the transport has not taken yet.', () => standing.spoolWindows()],
    [
      'agent_cgroups_folded',
      'Cgroups that live or hold dentries and are counted as cgroup 0, because more came than DENTRYSCOPE_NEW_CGROUPS_PER_HOUR and DENTRYSCOPE_MAX_CGROUPS let be named. In dentry_* they are in the series without labels.',
      () => standing.foldedCgroups().now,
    ],
    [
      'agent_cgroups_folded_total',
      'All cgroups that were counted as cgroup 0 for that reason since the agent started.',
      () => standing.foldedCgroups().ever,
    ],
  ];
  for (const [name, help, value] of gauges)
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
}
