/** The signals of stalls, each on its own: what one can't have leaves the others alone. */
import type { Settings } from '@dentryscope/contracts';
import type { CgroupTree } from '@dentryscope/identity';
import type { Logger } from '@dentryscope/runtime';
import { CgroupFilesSignal } from './signals/cgroup-files.js';
import type { CgroupFilesOptions } from './signals/cgroup-files.js';
import { KernelLogSignal } from './signals/kernel-log.js';
import type { Notes } from './notes.js';
import type { Signal } from './signal.js';

const milliseconds = (ms: number) => BigInt(ms) * 1_000_000n;

async function openSched(settings: Settings, tree: CgroupTree): Promise<Signal> {
  const { SchedProbe } = await import('@dentryscope/native');
  const { SchedSignal } = await import('./signals/sched.js');
  return new SchedSignal(
    SchedProbe.open({
      maxCgroups: settings.maxCgroups,
      preferV1: tree.hierarchies().preferV1,
      runQueueStallNs: milliseconds(settings.runQueueStall),
      lockStallNs: milliseconds(settings.lockStall),
    }),
  );
}

async function openCgroupFiles(options: CgroupFilesOptions, logger: Logger): Promise<Signal> {
  const { CgroupFiles } = await import('@dentryscope/native');
  try {
    return new CgroupFilesSignal({ ...options, reader: new CgroupFiles() });
  } catch (error) {
    // Files need no addon; the hooks of others say why it is not there.
    logger.debug({ err: error }, 'files of cgroups are read one by one');
    return new CgroupFilesSignal(options);
  }
}

async function openJitter({
  jitter,
  jitterPeriod,
  jitterStall,
  procRoot,
}: Settings): Promise<Signal | undefined> {
  const { JitterSignal, kernelWatches } = await import('./signals/jitter.js');
  if (jitter === 'off' || (jitter === 'auto' && kernelWatches(procRoot))) return undefined;
  const { TimerJitter } = await import('@dentryscope/native');
  const options = { periodNs: milliseconds(jitterPeriod), stallNs: milliseconds(jitterStall) };
  return new JitterSignal(new TimerJitter(options));
}

export interface StallsContext {
  readonly logger: Logger;
  /** The hooks' reports where a signal can't be opened at all, with the reason. */
  readonly absent: (hooks: readonly string[], reason: string) => Signal;
  readonly notes: Notes;
}

export async function openStalls(
  settings: Settings,
  tree: CgroupTree,
  { logger, absent, notes }: StallsContext,
): Promise<Signal[]> {
  const { procRoot } = settings;
  const files = { procRoot, hierarchies: () => tree.hierarchies(), cgroups: () => tree.all() };
  const openers: readonly [hooks: string[], open: () => Promise<Signal | undefined>][] = [
    [['run_queue', 'lock_contention'], () => openSched(settings, tree)],
    [['kernel_log'], () => Promise.resolve(new KernelLogSignal({ procRoot, last: notes.kernelLog }))],
    [['timer_jitter'], () => openJitter(settings)],
    [[], () => openCgroupFiles(files, logger)],
  ];
  const signals: Signal[] = [];
  for (const [hooks, open] of openers) {
    try {
      const signal = await open();
      if (signal) signals.push(signal);
    } catch (error) {
      logger.error({ err: error, hooks }, 'a signal of stalls can not be had');
      signals.push(absent(hooks, (error as Error).message));
    }
  }
  return signals;
}
