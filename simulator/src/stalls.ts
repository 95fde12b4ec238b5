/** Waits that an agent tells: of bursts that harm somebody, and of crowded CPUs, which have nothing to do with dentries. */
import type { NodeBatchInit } from '@dentryscope/contracts';
import { burstAt } from './bursts.js';
import type { FleetOptions, NodePlan } from './plan.js';
import { runtimeId } from './pods.js';
import { hash, whole } from './random.js';
import { BOOTED_BEFORE_MS, CPUS, stallOf } from './reclaims.js';
import type { Timed } from './reclaims.js';

type Stalls = NonNullable<NodeBatchInit['stalls']>;

/** A CPU of a batch node is so crowded once in so many windows. */
const CROWDED_EVERY = 40;
const CROWDED_MS = [1000, 2500] as const;

export function stallEvents(
  node: NodePlan,
  slow: readonly Timed[],
  window: number,
  options: FleetOptions,
): Stalls {
  const burst = burstAt(node.bursts, window);
  const harmful = burst !== undefined && node.bursts!.stalls;
  return [
    ...(harmful ? slow.filter(({ kind }) => kind === burst).map((one) => stallOf(node, one)) : []),
    // Never beside a burst: that it harms nobody is what is planted there.
    ...(isCrowded(node, window) && burst === undefined ? [crowded(node, window, options)] : []),
  ];
}

const isCrowded = ({ role, seed }: NodePlan, window: number) =>
  role === 'batch' && window % CROWDED_EVERY === whole(5, CROWDED_EVERY - 1, seed, 60);

/** It ends with its window, and may have begun in the one before. */
function crowded(node: NodePlan, window: number, { startMs, windowMs }: FleetOptions): Stalls[number] {
  const lastsMs = whole(...CROWDED_MS, node.seed, window, 61);
  const endMs = (window + 1) * windowMs - 1;
  return {
    kind: 'run_queue',
    startMs: BigInt(startMs + node.clockSkewMs + endMs - lastsMs),
    startMonotonicNs: BigInt(BOOTED_BEFORE_MS + endMs - lastsMs) * 1_000_000n,
    durationNs: BigInt(lastsMs) * 1_000_000n,
    cpu: hash(node.seed, window, 62) % CPUS,
    cgroupId: runtimeId(node),
    comm: 'containerd',
    pid: 900,
  };
}
