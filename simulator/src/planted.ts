/** What a run planted, gathered window by window: a file that says what every answer has to be. */
import type { NodeBatch } from '@dentryscope/contracts';
import { burstAt } from './bursts.js';
import type { Fleet } from './fleet.js';
import { ownersOf } from './names.js';
import type { NodePlan } from './plan.js';
import { presentAt } from './presence.js';
import { reclaimColumnsOf } from './reclaims.js';
import { rowsToJson, Sums } from './truth.js';

type Json = Readonly<Record<string, string | number | boolean | undefined>>;

export class Planted {
  readonly #sums = new Sums();
  readonly #bursts: Json[] = [];
  readonly #reclaims: Json[] = [];
  readonly #stalls: Json[] = [];
  #windows = 0;

  readonly #plans: ReadonlyMap<string, NodePlan>;

  constructor(private readonly fleet: Fleet) {
    this.#plans = new Map(fleet.nodes.map((plan) => [plan.name, plan]));
  }

  /** The next window, from 0 on. */
  add(batches: readonly NodeBatch[]): void {
    const window = this.#windows++;
    for (const batch of batches) {
      this.#sums.add(batch);
      this.#bursts.push(...this.#burstOf(batch, window));
      this.#reclaims.push(...reclaimsOf(batch));
      this.#stalls.push(...stallsOf(batch));
    }
  }

  /** Times are Unix milliseconds by the clock of the node they are of; 64-bit values stand in decimal. */
  toJSON(): object {
    const { options, nodes } = this.fleet;
    const windows = { from: 0, to: this.#windows };
    return {
      fleet: options,
      windows,
      batches: this.#sums.batches,
      nodes: nodes.map(({ name, role, bootId, clockSkewMs, degraded, platform, bursts }) => ({
        node: name,
        ...{ role, bootId, clockSkewMs },
        backend: degraded ? undefined : platform.backend,
        burst: bursts && { kind: bursts.kind, stalls: bursts.stalls },
      })),
      gaps: this.#gaps(),
      bursts: this.#bursts,
      reclaims: this.#reclaims,
      stalls: this.#stalls,
      rows: rowsToJson(this.#sums.rows(ownersOf(nodes, windows))),
    };
  }

  /** All calls of a burst, those too that were too short to be told one by one. */
  #burstOf(batch: NodeBatch, window: number): Json[] {
    const kind = burstAt(this.#plans.get(batch.node)!.bursts, window);
    const columns = kind && batch.cgroups && reclaimColumnsOf(batch.cgroups, kind);
    if (!columns || columns.events.length === 0) return [];
    const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n).toString();
    return [
      {
        node: batch.node,
        kind,
        windowStartMs: Number(batch.windowStartMs),
        windowEndMs: Number(batch.windowEndMs),
        calls: sum(columns.events),
        durationNs: sum(columns.ns),
        freed: sum(columns.freed),
        stalls: batch.stalls.filter(({ cause }) => cause === 'dentry_reclaim').length,
      },
    ];
  }

  /** Stretches of windows in which an agent was away. */
  #gaps(): Json[] {
    const { startMs, windowMs } = this.fleet.options;
    return this.fleet.nodes.flatMap(({ name, absence, clockSkewMs }) => {
      const gaps: { node: string; startMs: number; endMs: number }[] = [];
      for (let window = 0; window < this.#windows; window++) {
        if (presentAt(absence, window)) continue;
        const at = startMs + clockSkewMs + window * windowMs;
        const last = gaps.at(-1);
        if (last?.endMs === at) last.endMs += windowMs;
        else gaps.push({ node: name, startMs: at, endMs: at + windowMs });
      }
      return gaps;
    });
  }
}

const placeOf = (
  { node, windowStartMs }: NodeBatch,
  event: NodeBatch['reclaims'][number] | NodeBatch['stalls'][number],
) => ({
  node,
  windowStartMs: Number(windowStartMs),
  kind: event.kind,
  startMs: Number(event.startMs),
  durationNs: event.durationNs.toString(),
  cpu: event.cpu,
  cgroup: event.cgroupId?.toString(),
});

const reclaimsOf = (batch: NodeBatch): Json[] =>
  batch.reclaims.map((event) => ({ ...placeOf(batch, event), freed: event.freed.toString() }));

const stallsOf = (batch: NodeBatch): Json[] =>
  batch.stalls.map((event) => ({ ...placeOf(batch, event), cause: event.cause }));
