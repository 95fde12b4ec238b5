/** What one container does in one window, and what others do to its dentries. */
import { burstAt, keptAt } from './bursts.js';
import { add, changed, freed, nobody, passed } from './counts.js';
import type { Counts, Population } from './counts.js';
import { churn, held } from './load.js';
import type { FleetOptions, NodePlan, PodPlan } from './plan.js';
import { cgroupId, containerSeed, runtimeId } from './pods.js';
import type { Life } from './pods.js';
import type { Reclaim } from './reclaims.js';

export interface ContainerActivity {
  /** Of the one that lives now, and the one that died since. */
  readonly id: bigint | undefined;
  readonly deadId: bigint | undefined;
  readonly now: Population;
  readonly counts: Counts;
  /** What others freed of it. */
  readonly taken: Counts;
  readonly reclaim: Reclaim | undefined;
}

export interface Lives {
  readonly now: Life | undefined;
  readonly before: Life | undefined;
  readonly same: boolean;
}

export function containerActivity(
  node: NodePlan,
  pod: PodPlan,
  n: number,
  lives: Lives,
  window: number,
  options: FleetOptions,
): ContainerActivity {
  const { load } = pod.workload.containers[n]!;
  const idOf = (life: Life | undefined) => life && cgroupId(node, pod, n, life.generation);
  const now = heldBy(node, pod, n, lives.now, window, options);
  const before = heldBy(node, pod, n, lives.before, window - 1, options);
  const change = changed(lives.same ? before : nobody, now);
  const passing = lives.now
    ? passed(churn(load, moment(pod, n, lives.now, window, options)), load.negativeShare)
    : add();
  const reaped = lives.same ? add() : freed(before.dentries, before.negative);
  const burst = change.dentriesFreed > 0 ? burstAt(node.bursts, window) : undefined;
  const dropped = burst === 'drop_caches';
  const common = {
    payer: runtimeId(node),
    seed: containerSeed(pod, n, (lives.now ?? lives.before)?.generation ?? 0),
  };
  const id = idOf(lives.now);
  const reclaimed: Reclaim | undefined =
    reaped.dentriesFreed > 0
      ? { ...common, kind: 'umount', comm: 'containerd-shim', freed: reaped.dentriesFreed }
      : burst && id !== undefined
        ? {
            ...common,
            kind: burst,
            freed: change.dentriesFreed,
            comm: dropped ? 'sh' : pod.workload.containers[n]!.name.slice(0, 15),
            ...(dropped ? {} : { payer: id, shrunk: id }),
          }
        : undefined;
  return {
    id,
    deadId: lives.same ? undefined : idOf(lives.before),
    now,
    counts: dropped ? passing : add(passing, change),
    taken: dropped ? add(reaped, change) : reaped,
    reclaim: reclaimed,
  };
}

function heldBy(
  node: NodePlan,
  pod: PodPlan,
  container: number,
  life: Life | undefined,
  window: number,
  options: FleetOptions,
): Population {
  if (!life) return nobody;
  const { load } = pod.workload.containers[container]!;
  const all = held(load, moment(pod, container, life, window, options));
  const dentries = Math.floor(all * keptAt(node.bursts, window));
  return { dentries, negative: Math.floor(dentries * load.negativeShare) };
}

function moment(pod: PodPlan, container: number, life: Life, window: number, options: FleetOptions) {
  const windowS = options.windowMs / 1000;
  return {
    seed: containerSeed(pod, container, life.generation),
    window,
    timeS: options.startMs / 1000 + (window + 1) * windowS,
    windowS,
    ageS: (life.age + 1) * windowS,
  };
}
