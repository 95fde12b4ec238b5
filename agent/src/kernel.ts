/** The kernel side, as far as this machine lets it be had. Without it the agent goes on with node-level figures. */
import type { Settings } from '@dentryscope/contracts';
import type { CgroupTree } from '@dentryscope/identity';
import type { DentryProbe } from '@dentryscope/native';
import type { Logger } from '@dentryscope/runtime';
import type { Notes } from './notes.js';
import type { Kernel, Signal } from './signal.js';
import type { DentryFacts } from './signals/dentries.js';
import type { ReclaimSignal } from './signals/reclaim.js';
import { openStalls } from './stalls.js';

/** Where the programs can't be opened at all (addon not built, kernel too old for libbpf): each hook with that reason. */
function unseen(hooks: readonly string[], reason: string): Signal {
  const reports = hooks.map((hook) => ({
    hook,
    backend: null,
    tried: [{ backend: 'tracepoint', error: reason }],
    includesPseudo: false,
    perCgroup: false,
    missed: 0n,
  }));
  return {
    hooks: () => reports,
    sample: () => ({ keep: () => {} }),
    forget: () => {},
    problems: () => [],
    close: () => {},
  };
}

const reclaimHooks = [
  'reclaim_freed',
  'reclaim_prune',
  'reclaim_remount',
  'reclaim_umount',
  'reclaim_direct',
  'shrinkers',
];

/** A probe of its own: where it can't be opened the others go on. */
async function openReclaim(
  { backend, maxCgroups, procRoot, reclaimEventMin }: Settings,
  preferV1: boolean,
  logger: Logger,
): Promise<{ signal: Signal; collect(): void }> {
  let signal: ReclaimSignal;
  try {
    const { ReclaimProbe } = await import('@dentryscope/native');
    const { ReclaimSignal } = await import('./signals/reclaim.js');
    const probe = ReclaimProbe.open({
      ...(backend === 'auto' || backend === 'none' ? {} : { backends: [backend] }),
      maxCgroups,
      preferV1,
      eventMinNs: BigInt(reclaimEventMin) * 1_000_000n,
    });
    signal = closedUnless(probe, () => new ReclaimSignal(probe, procRoot));
  } catch (error) {
    logger.error({ err: error }, 'reclaim can not be measured');
    return { signal: unseen(reclaimHooks, (error as Error).message), collect: () => {} };
  }
  return { signal, collect: () => signal.collect() };
}

/** Births and deaths of cgroups. A path that was cut is a wrong name: the next walk finds the whole one. */
function cgroupWatch(probe: DentryProbe): CgroupWatch {
  const attached = probe.hooks.some(({ hook, backend }) => hook === 'cgroup_life' && backend !== null);
  let lost = 0n;
  let cut = false;
  return {
    pollCgroupEvents: () => {
      const events = probe.pollCgroupEvents();
      const whole = events.filter(({ kind, truncated }) => kind === 'rmdir' || !truncated);
      cut ||= whole.length < events.length;
      return whole.map(({ kind, id, path, hierarchy }) => ({ kind, id, path, hierarchyId: hierarchy }));
    },
    sawAllCgroups: () => {
      const sawAll = attached && !cut && probe.cgroupEventsLost === lost;
      lost = probe.cgroupEventsLost;
      cut = false;
      return sawAll;
    },
  };
}

/** Its programs would stay attached until it is collected. */
function closedUnless<T>(probe: { close(): void }, make: () => T): T {
  try {
    return make();
  } catch (error) {
    probe.close();
    throw error;
  }
}

const noCgroups = { pollCgroupEvents: () => [], sawAllCgroups: () => false };

type CgroupWatch = Pick<Kernel, 'pollCgroupEvents' | 'sawAllCgroups'>;

async function openDentries(
  settings: Settings,
  tree: CgroupTree,
  facts: DentryFacts,
  logger: Logger,
  holders: Notes['holders'],
): Promise<[Signal, CgroupWatch]> {
  // The addon itself is loaded by open().
  const { DentryProbe, hookNames } = await import('@dentryscope/native');
  try {
    const { DentrySignal } = await import('./signals/dentries.js');
    const { backend, maxCgroups } = settings;
    const probe = DentryProbe.open({
      ...(backend === 'auto' || backend === 'none' ? {} : { backends: [backend] }),
      maxCgroups,
      preferV1: tree.hierarchies().preferV1,
      live: { maxSamples: settings.liveMaxSamples },
    });
    const signal = closedUnless(probe, () => new DentrySignal(probe, facts, holders));
    return [signal, cgroupWatch(probe)];
  } catch (error) {
    logger.error({ err: error }, 'dentries can not be measured by cgroup; node-level figures only');
    return [unseen(hookNames, (error as Error).message), noCgroups];
  }
}

/** Where memory is short who makes and holds dentries comes first. */
export async function openKernel(
  settings: Settings,
  tree: CgroupTree,
  kernelRelease: string,
  logger: Logger,
  notes: Notes = {},
): Promise<Kernel> {
  if (settings.backend === 'none') return { signals: [], ...noCgroups };
  const facts = { procRoot: settings.procRoot, kernelRelease };
  const [dentries, cgroups] = await openDentries(settings, tree, facts, logger, notes.holders);
  const reclaim = await openReclaim(settings, tree.hierarchies().preferV1, logger);
  const stalls = await openStalls(settings, tree, { logger, absent: unseen, notes });
  const signals = [dentries, reclaim.signal, ...stalls];
  for (const hook of signals.flatMap((signal) => signal.hooks()))
    logger.info({ hook }, `${hook.hook}: ${hook.backend ?? 'not measured'}`);
  const pollCgroupEvents = () => {
    reclaim.collect();
    return cgroups.pollCgroupEvents();
  };
  return { ...cgroups, signals, pollCgroupEvents };
}
