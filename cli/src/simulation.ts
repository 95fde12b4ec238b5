import type { Settings } from '@dentryscope/contracts';
import type { Logger } from '@dentryscope/runtime';
import { Planted, backfilledStart, createFleet, runSimulation } from '@dentryscope/simulator';
import type { ContainerName } from '@dentryscope/simulator';
import type { Publisher } from '@dentryscope/transport';

export interface SimulateOptions {
  readonly settings: Settings;
  readonly publisher: Publisher;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** How much past is published first, so that a first look finds a history. Milliseconds. */
  readonly backfillMs: number;
  /** End of what an earlier run published: these nodes then had another boot, and their windows must not overlap. */
  readonly notBeforeMs: number;
  /** Where the first window starts, Unix milliseconds; then backfillMs and notBeforeMs say nothing. */
  readonly startMs?: number | undefined;
  /** Ends after so many. */
  readonly windows?: number | undefined;
  /** Told of what was planted when it has ended, also by an error: that much was taken. */
  readonly onEnd?: (planted: Planted) => Promise<void>;
  /** Simulated containers are known to no cluster: who can name them is told directly. */
  readonly onNames?: (names: readonly ContainerName[]) => Promise<void>;
}

/**
 * Resolves when the signal has come and the windows in hand are done.
 * @throws what can never work
 */
export async function simulate({
  settings,
  backfillMs,
  notBeforeMs,
  startMs,
  windows,
  onEnd,
  ...rest
}: SimulateOptions): Promise<void> {
  const windowMs = settings.window;
  const fleet = createFleet({
    nodes: settings.simulateNodes,
    cgroupsPerNode: settings.simulateCgroups,
    seed: settings.simulateSeed,
    cluster: settings.cluster,
    windowMs,
    startMs: startMs ?? backfilledStart({ nowMs: Date.now(), windowMs, backfillMs, notBeforeMs }),
    maxClockSkewMs: settings.simulateClockSkew,
  });
  const planted = onEnd && new Planted(fleet);
  try {
    await runSimulation({
      fleet,
      ...rest,
      ...(windows === undefined ? {} : { windows }),
      ...(planted ? { onTaken: (batches) => planted.add(batches) } : {}),
    });
  } finally {
    if (planted) await onEnd(planted);
  }
}
