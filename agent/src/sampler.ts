/** One window: what the kernel counted, how the node stands, who the cgroups are. */
import { createBatch, encodeBatch } from '@dentryscope/contracts';
import type { NodeBatch, NodeBatchInit } from '@dentryscope/contracts';
import type { CgroupTree } from '@dentryscope/identity';
import { pressureDelta, readNode } from './collectors/node.js';
import type { Pressure } from './collectors/pressure.js';
import { Deltas } from './deltas.js';
import type { WindowDeltas } from './deltas.js';
import { degradedSentences, hookStatuses } from './health.js';
import { Announcer } from './identity.js';
import { absent } from './source.js';
import type { KernelSource } from './source.js';
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
  keep(): void;
}

export class Sampler {
  readonly #deltas = new Deltas();
  readonly #announcer: Announcer;
  #pressure: Pressure;
  #dead: bigint[] = [];

  constructor(
    private readonly facts: NodeFacts,
    private readonly kernel: KernelSource | undefined,
    private readonly tree: CgroupTree,
  ) {
    this.#announcer = new Announcer((id) => this.tree.lookup(id), Date.now());
    this.#pressure = readNode(facts.procRoot, facts.kernelRelease).pressure;
  }

  /**
   * Before `take`: who was born and who died. A removed cgroup has no tasks, so a drain later than its removal has
   * all of it.
   */
  async prepare(): Promise<void> {
    await this.tree.reconcile();
    this.pollCgroups();
    this.#dead = [...this.#dead, ...this.tree.changes().flatMap(({ id, removed }) => (removed ? [id] : []))];
  }

  take(times: WindowTimes, windowsLost: bigint): Sample {
    const dead = this.#dead;
    const drained = this.kernel?.drain() ?? absent;
    const deltas = this.#deltas.since(drained);
    const node = readNode(this.facts.procRoot, this.facts.kernelRelease);
    const news = this.#announcer.infos(deltas.ids, times.endMs);
    const init = {
      ...this.#head(times),
      state: { ...node.state, ...pressureDelta(this.#pressure, node.pressure), ...totals(deltas) },
      cgroups: {
        ids: deltas.ids,
        dentriesAllocated: deltas.dentriesAllocated,
        dentriesFreed: deltas.dentriesFreed,
      },
      cgroupInfos: news.infos,
      health: this.#health(windowsLost, node.failures),
    };
    return {
      init,
      keep: () => {
        this.#deltas.keep(drained);
        this.#pressure = node.pressure;
        news.keep();
        this.#forget(dead);
      },
    };
  }

  /** Between windows: the kernel's ring of cgroup births and deaths must not fill up. */
  pollCgroups(): void {
    for (const event of this.kernel?.pollCgroupEvents() ?? []) this.tree.apply(event);
  }

  #forget(dead: readonly bigint[]): void {
    this.#dead = this.#dead.slice(dead.length);
    this.kernel?.forget(dead);
    this.#deltas.forget(dead);
    this.#announcer.forget(dead);
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
    const hooks = this.kernel?.hooks() ?? [];
    return {
      agentVersion: this.facts.agentVersion,
      kernelRelease: this.facts.kernelRelease,
      hooks: hookStatuses(hooks),
      windowsLost,
      degraded: [
        ...degradedSentences(hooks),
        ...(this.kernel?.problems() ?? []),
        ...this.tree.hierarchies().problems,
        ...failures,
      ],
    };
  }
}

function totals({ allocatedAll, freedAll }: WindowDeltas) {
  return {
    ...(allocatedAll === undefined ? {} : { dentriesAllocated: allocatedAll }),
    ...(freedAll === undefined ? {} : { dentriesFreed: freedAll }),
  };
}

export function encodeWindow(init: NodeBatchInit, seq: bigint): { batch: NodeBatch; bytes: Uint8Array } {
  const batch = createBatch({ ...init, seq } as NodeBatchInit);
  return { batch, bytes: encodeBatch(batch) };
}
