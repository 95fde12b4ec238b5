/** Of the agent's /metrics: who makes dentries, who holds them, and the books. What is not seen has no series. */
import type { CgroupColumn, NodeBatch } from '@dentryscope/contracts';
import { Counter, Gauge } from '@dentryscope/runtime';
import type { Registry } from '@dentryscope/runtime';
import type { LabelsOf, PodLabels } from './exposition.js';
import { LabelLives } from './label-lives.js';

const podLabels = ['namespace', 'pod', 'container'] as const;

/** The columns that a counter is the sum of: absent where one of them is. */
const made = [
  [
    'dentry_alloc_total',
    'Dentries allocated by tasks of the container since the agent started.',
    ['dentriesAllocated'],
  ],
  [
    'dentry_positive_total',
    'Dentries that tasks of the container gave an inode: by a create (instantiated) or a lookup that found the name (positive_by_lookup). A file that is made anew under an unlinked name counts again.',
    ['instantiated', 'positiveByLookup'],
  ],
  [
    'dentry_negative_total',
    'Times that a dentry became negative by tasks of the container: a lookup found no such name (negative_by_lookup; the create of a new name is one too, before it is instantiated), or the file was unlinked (negative_by_unlink).',
    ['negativeByLookup', 'negativeByUnlink'],
  ],
] as const satisfies readonly [string, string, readonly CgroupColumn[]][];

interface Made {
  readonly cgroups: Columns;
  readonly columns: readonly CgroupColumn[];
  readonly living: ReadonlySet<bigint>;
}

interface Held {
  readonly labels: PodLabels;
  dentries: bigint;
  squares: bigint;
}

export class DentryExposition {
  readonly #made: readonly { readonly counter: Counter; readonly columns: readonly CgroupColumn[] }[];
  readonly #live: Gauge;
  readonly #liveError: Gauge;
  readonly #books: Gauge;
  readonly #old: Gauge;
  readonly #oldError: Gauge;

  readonly #lives = new LabelLives<PodLabels>();

  constructor(
    registry: Registry,
    private readonly labelsOf: LabelsOf,
    private readonly nowMs = () => performance.now(),
  ) {
    const registers = [registry];
    this.#made = made.map(([name, help, columns]) => {
      return { counter: new Counter({ name, help, labelNames: podLabels, registers }), columns };
    });
    const gauge = (name: string, help: string, labelNames: readonly string[] = []) => {
      const made = new Gauge({ name, help, labelNames, registers });
      if (labelNames.length === 0) made.remove(); // it would begin as 0
      return made;
    };
    this.#live = gauge(
      'dentry_live_estimate',
      'Living dentries that tasks of the container allocated, at the end of the last window: estimated from sampled addresses.',
      podLabels,
    );
    this.#liveError = gauge(
      'dentry_live_estimate_standard_error',
      'Standard error of dentry_live_estimate; 0: every dentry is sampled.',
      podLabels,
    );
    this.#books = gauge(
      'node_dentry_books_unexplained',
      'The books since the agent started: allocated - freed - the change of nr_dentry. About 0, and may be negative; what is not 0 is what this agent could not see.',
    );
    this.#old = gauge(
      'node_dentries_before_agent_estimate',
      'Living dentries that are older than the agent, estimated: whose they are is not known.',
    );
    this.#oldError = gauge(
      'node_dentries_before_agent_standard_error',
      'Standard error of node_dentries_before_agent_estimate.',
    );
  }

  record({ cgroups, cgroupInfos, state }: NodeBatch): void {
    const living = new Set(this.#lives.seen(cgroups?.ids ?? [], this.labelsOf));
    if (cgroups)
      for (const { counter, columns } of this.#made) this.#count(counter, { cgroups, columns, living });
    for (const { id, removed } of cgroupInfos) if (removed) this.#lives.died(id, this.nowMs());
    for (const labels of this.#lives.ended(this.nowMs()))
      for (const { counter } of this.#made) counter.remove({ ...labels });
    this.#recordHolders(cgroups);
    if (state?.dentriesUnexplained !== undefined) this.#books.inc(Number(state.dentriesUnexplained));
    setOrRemove(this.#old, state?.dentriesBeforeAgentEstimate);
    setOrRemove(this.#oldError, state?.dentriesBeforeAgentStandardError);
  }

  #count(counter: Counter, { cgroups, columns, living }: Made): void {
    if (columns.some((column) => cgroups[column].length === 0)) return;
    cgroups.ids.forEach((id, index) => {
      if (!living.has(id)) return;
      const value = columns.reduce((sum, column) => sum + cgroups[column][index]!, 0n);
      counter.inc({ ...this.labelsOf(id) }, Number(value));
    });
  }

  /** Every window has every holder: who is not in it holds nothing, and has no series. */
  #recordHolders(cgroups: Columns | undefined): void {
    this.#live.reset();
    this.#liveError.reset();
    for (const { labels, dentries, squares } of this.#holders(cgroups)) {
      this.#live.set({ ...labels }, Number(dentries));
      this.#liveError.set({ ...labels }, Math.ceil(Math.sqrt(Number(squares))));
    }
  }

  /** Errors of estimates that were made apart combine as the root of the sum of their squares. */
  #holders(cgroups: Columns | undefined): Iterable<Held> {
    const held = new Map<string, Held>();
    cgroups?.liveDentriesEstimate.forEach((value, index) => {
      const labels = this.labelsOf(cgroups.ids[index]!);
      const key = JSON.stringify([labels.namespace, labels.pod, labels.container]);
      const one = held.get(key) ?? { labels, dentries: 0n, squares: 0n };
      one.dentries += value;
      one.squares += (cgroups.liveDentriesStandardError[index] ?? 0n) ** 2n;
      held.set(key, one);
    });
    return held.values();
  }
}

type Columns = NonNullable<NodeBatch['cgroups']>;

function setOrRemove(gauge: Gauge, value: bigint | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(Number(value));
}
