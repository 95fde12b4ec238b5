import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { SettingError } from '@dentryscope/runtime';
import { openPublisher } from '@dentryscope/transport';
import type { CommandModule, Context } from '../command.js';
import { simulate } from '../simulation.js';
import { transportOptions } from '../transport.js';

/** Opened before anything is published, so that a run does not end without its truth. */
async function openTruth(path: string): Promise<FileHandle> {
  return await open(path, 'w').catch((error: Error) => {
    throw new SettingError(`DENTRYSCOPE_TRUTH=${JSON.stringify(path)}: ${error.message}`, { cause: error });
  });
}

async function runSimulate({ settings, logger, lifecycle }: Context): Promise<void> {
  const truth = settings.truth === undefined ? undefined : await openTruth(settings.truth);
  if (truth) lifecycle.onClose('truth', () => truth.close());
  const publisher = openPublisher(settings, transportOptions(logger, 'simulate'));
  lifecycle.onClose('publisher', () => publisher.close());
  // From now on only: whether an earlier run published the past, nobody here can tell.
  await simulate({
    ...{ settings, publisher, logger, signal: lifecycle.signal, backfillMs: 0, notBeforeMs: 0 },
    startMs: settings.simulateStart,
    windows: settings.simulateWindows,
    ...(truth ? { onEnd: (planted) => truth.writeFile(`${JSON.stringify(planted)}\n`) } : {}),
  });
}

export const command: CommandModule = {
  name: 'simulate',
  usage: '',
  summary: 'Publish the windows of a simulated fleet.',
  details:
    'From now on, or from --simulate-start on. With --truth FILE, what was planted is written there at the end (Ctrl-C,\n' +
    '--simulate-windows): sums of every node and cgroup, reclaims, stalls, gaps of agents that were away, clock skews.',
  positionals: { min: 0, max: 0 },
  run: runSimulate,
};
