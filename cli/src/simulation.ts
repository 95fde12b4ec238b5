import type { Settings } from '@dentryscope/contracts';
import { envName, settings as declared } from '@dentryscope/contracts/settings';
import { SettingError } from '@dentryscope/runtime';
import type { Logger } from '@dentryscope/runtime';
import { OptionError, Planted, backfilledStart, createFleet, runSimulation } from '@dentryscope/simulator';
import type { ContainerName, Fleet, FleetOptions } from '@dentryscope/simulator';
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
 * @throws SettingError; what can never work
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
  const fleet = fleetOf({
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

/** Which setting each option comes from. */
const given = {
  nodes: declared.simulateNodes,
  cgroupsPerNode: declared.simulateCgroups,
  seed: declared.simulateSeed,
  windowMs: declared.window,
  startMs: declared.simulateStart,
  maxClockSkewMs: declared.simulateClockSkew,
};

/** @throws SettingError */
function fleetOf(options: FleetOptions): Fleet {
  try {
    return createFleet(options);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new SettingError(`${envName(given[error.option])}: ${error.message}`, { cause: error });
  }
}
