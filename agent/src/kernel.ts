/** The kernel side, as far as this machine lets it be had. Without it the agent goes on with node-level figures. */
import type { Settings } from '@dentryscope/contracts';
import type { Hierarchies } from '@dentryscope/identity';
import type { DentryProbe, HookReport } from '@dentryscope/native';
import type { Logger } from '@dentryscope/runtime';
import { absent } from './source.js';
import type { Drained, KernelSource } from './source.js';

/** Where the programs can't be opened at all (addon not built, kernel too old for libbpf): each hook with that reason. */
function nothing(reason: string): KernelSource {
  const hooks: HookReport[] = (['dentry_alloc', 'dentry_free', 'cgroup_life'] as const).map((hook) => ({
    hook,
    backend: null,
    tried: [{ backend: 'tracepoint', error: reason }],
    includesPseudo: false,
    perCgroup: false,
    missed: 0n,
  }));
  return {
    hooks: () => hooks,
    drain: () => absent,
    forget: () => {},
    pollCgroupEvents: () => [],
    problems: () => [],
    close: () => {},
  };
}

/** The overflow is a cgroup among the others, with id 0. */
function flatten(probe: DentryProbe): Drained {
  const { ids, dentriesAllocated, dentriesFreed, overflow, totals } = probe.drain();
  const withOverflow = (column: BigUint64Array | null, extra: bigint | null) =>
    column && BigUint64Array.from([...column, extra ?? 0n]);
  return {
    ids: BigUint64Array.from([...ids, 0n]),
    dentriesAllocated: withOverflow(dentriesAllocated, overflow.dentriesAllocated),
    dentriesFreed: withOverflow(dentriesFreed, overflow.dentriesFreed),
    ...totals,
  };
}

function wrap(probe: DentryProbe): KernelSource {
  return {
    hooks: () => probe.hooks,
    drain: () => flatten(probe),
    forget: (ids) => probe.forget(ids),
    pollCgroupEvents: () =>
      probe
        .pollCgroupEvents()
        // A path that was cut is a wrong name: the next walk finds the whole one.
        .filter(({ kind, truncated }) => kind === 'rmdir' || !truncated)
        .map(({ kind, id, path, hierarchy }) => ({ kind, id, path, hierarchyId: hierarchy })),
    problems: () =>
      probe.cgroupEventsLost > 0n
        ? [
            `${probe.cgroupEventsLost} births and deaths of cgroups were missed: one that lived shortly has no name`,
          ]
        : [],
    close: () => probe.close(),
  };
}

export async function openKernel(
  settings: Settings,
  hierarchies: Hierarchies,
  logger: Logger,
): Promise<KernelSource | undefined> {
  const { backend, maxCgroups } = settings;
  if (backend === 'none') return undefined;
  try {
    const { DentryProbe } = await import('@dentryscope/native');
    const probe = DentryProbe.open({
      ...(backend === 'auto' ? {} : { backends: [backend] }),
      maxCgroups,
      preferV1: hierarchies.preferV1,
    });
    for (const hook of probe.hooks) logger.info({ hook }, `${hook.hook}: ${hook.backend ?? 'not measured'}`);
    return wrap(probe);
  } catch (error) {
    logger.error({ err: error }, 'no kernel hook can be had; node-level figures only');
    return nothing((error as Error).message);
  }
}
