/** One window: what the kernel counted, how the node stands, who the cgroups are. */
import { createBatch, encodeBatch } from '@dentryscope/contracts/wire';
import type { NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import type { CgroupTree } from '@dentryscope/identity';
import type { Admission } from './admission.js';
import { pressureDelta, readNode } from './collectors/node.js';
import type { NodeStateInit } from './collectors/node.js';
import type { Pressure } from './collectors/pressure.js';
import { Deltas, merge } from './deltas.js';
import { degradedSentences, hookStatuses } from './health.js';
import { Announcer } from './identity.js';
import type { Notes } from './notes.js';
import type { Kernel, Signal, SignalSample } from './signal.js';
import { Strangers } from './strangers.js';
import { clockProblems } from './window-clock.js';
import type { WindowTimes } from './window-clock.js';

export interface NodeFacts {
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
  readonly kernelRelease: string;
  readonly agentVersion: string;
  readonly procRoot: string;
}

/** A window's figures, and what to do once it is durable. Not kept, its counts are in the next window. */
export interface Sample {
  readonly init: NodeBatchInit;
  readonly notes: Notes;
  keep(): void;
}

/**
 * Where the kernel tells of each cgroup a walk, which asks for each inode, finds nothing new: how often it is made all the
 * same, and after one that had problems.
 */
const WALK_MS = { whole: 300_000, partial: 60_000 };

export class Sampler {
  readonly #deltas = new Map<Signal, Deltas>();
  readonly #announcer: Announcer;
  #pressure: Pressure;
  readonly #strangers = new Strangers();
  #dead: bigint[] = [];
  #walkedAtMs = -Infinity;

  constructor(
    private readonly facts: NodeFacts,
    private readonly kernel: Kernel,
    private readonly tree: CgroupTree,
    private readonly admission: Admission,
  ) {
    for (const signal of kernel.signals) this.#deltas.set(signal, new Deltas());
    this.#announcer = new Announcer((id) => this.tree.lookup(id), performance.now());
    this.#pressure = readNode(facts.procRoot, facts.kernelRelease).pressure;
  }

  /**
   * Before `take`: who was born and who died. A removed cgroup has no tasks, so a drain later than its removal has
   * all of it.
   */
  async prepare(): Promise<void> {
    const isWhole = this.tree.hierarchies().problems.length === 0;
    const walkAtMs = this.#walkedAtMs + (isWhole ? WALK_MS.whole : WALK_MS.partial);
    if (!this.kernel.sawAllCgroups() || performance.now() >= walkAtMs) {
      this.#walkedAtMs = performance.now();
      await this.tree.reconcile();
      this.#bury(this.#strangers.gone(this.#counted(), (id) => this.tree.isUnknown(id)));
    }
    this.pollCgroups();
    this.#bury(this.tree.changes().flatMap(({ id, removed }) => (removed ? [id] : [])));
  }

  #bury(ids: readonly bigint[]): void {
    this.#dead = [...this.#dead, ...ids];
  }

  #counted(): Set<bigint> {
    return new Set([...this.#deltas.values()].flatMap((deltas) => [...deltas.ids()]));
  }

  take(times: WindowTimes, windowsLost: bigint): Sample {
    const dead = this.#dead;
    const signals = this.#sampleSignals();
    const admitted = this.admission.admit(merge(signals.parts));
    const cgroups = admitted.window;
    const node = readNode(this.facts.procRoot, this.facts.kernelRelease);
    const news = this.#announcer.infos(
      [...cgroups.ids, ...this.#foldedOf(signals.fields)],
      performance.now(),
    );
    const init = {
      ...this.#head(times),
      ...signals.fields,
      state: { ...node.state, ...pressureDelta(this.#pressure, node.pressure), ...signals.state },
      cgroups: { ids: cgroups.ids, ...cgroups.columns },
      cgroupInfos: news.infos,
      health: this.#health(windowsLost, [...clockProblems(times), ...node.failures]),
    };
    return {
      init,
      notes: signals.notes,
      keep: () => {
        signals.keep();
        admitted.keep();
        this.#pressure = node.pressure;
        news.keep();
        this.#forget(dead);
      },
    };
  }

  #sampleSignals() {
    const samples = this.kernel.signals.map((signal) => {
      const sample = signal.sample();
      const deltas = this.#deltas.get(signal)!;
      const counted = sample.counted && deltas.since(sample.counted);
      const keep = () => {
        sample.keep();
        if (sample.counted) deltas.keep(sample.counted);
      };
      return { ...sample, parts: [counted, sample.measured], keep };
    });
    return {
      parts: samples.flatMap(({ parts }) => parts).filter((part) => part !== undefined),
      state: Object.assign({}, ...samples.map(({ state }) => state)) as NodeStateInit,
      notes: Object.assign({}, ...samples.map(({ notes }) => notes)) as Notes,
      fields: joined(samples.map(({ fields }) => fields ?? {})),
      keep: () => samples.forEach(({ keep }) => keep()),
    };
  }

  /** Between windows: the kernel's ring of cgroup births and deaths must not fill up. @returns how many there were */
  pollCgroups(): number {
    const events = this.kernel.pollCgroupEvents();
    for (const event of events) this.tree.apply(event);
    return events.length;
  }

  #forget(dead: readonly bigint[]): void {
    this.#dead = this.#dead.slice(dead.length);
    for (const [signal, deltas] of this.#deltas) {
      signal.forget(dead);
      deltas.forget(dead);
    }
    this.admission.forget(dead);
  }

  /** Events say whose they are, whatever has rows: who was refused and is in one has to have a name. */
  #foldedOf({ reclaims = [], stalls = [] }: NonNullable<SignalSample['fields']>): bigint[] {
    const whose = reclaims.flatMap(({ cgroupId, shrunkCgroupId }) => [cgroupId, shrunkCgroupId]);
    const ids = [...whose, ...stalls.map(({ cgroupId }) => cgroupId)];
    return ids.filter((id) => id !== undefined && this.admission.folds(id)) as bigint[];
  }

  #head(times: WindowTimes) {
    return {
      cluster: this.facts.cluster,
      node: this.facts.node,
      bootId: this.facts.bootId,
      windowStartMs: BigInt(times.startMs),
      windowEndMs: BigInt(times.endMs),
      windowDurationNs: times.durationNs,
    };
  }

  #health(windowsLost: bigint, failures: readonly string[]) {
    const hooks = this.kernel.signals.flatMap((signal) => signal.hooks());
    return {
      agentVersion: this.facts.agentVersion,
      kernelRelease: this.facts.kernelRelease,
      hooks: hookStatuses(hooks),
      windowsLost,
      degraded: [
        ...degradedSentences(hooks),
        ...this.kernel.signals.flatMap((signal) => signal.problems()),
        ...this.admission.problems(),
        ...this.tree.hierarchies().problems,
        ...failures,
      ],
    };
  }
}

/** Each field is one signal's, but stalls have several watchers. */
function joined(fields: readonly NonNullable<SignalSample['fields']>[]): NonNullable<SignalSample['fields']> {
  const stalls = fields.flatMap((field) => field.stalls ?? []);
  return { ...(Object.assign({}, ...fields) as NonNullable<SignalSample['fields']>), stalls };
}

export function encodeWindow(init: NodeBatchInit, seq: bigint): { batch: NodeBatch; bytes: Uint8Array } {
  const batch = createBatch({ ...init, seq } as NodeBatchInit);
  return { batch, bytes: encodeBatch(batch) };
}
