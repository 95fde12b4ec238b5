import { openPublisher } from '@dentryscope/transport';
import type { CommandModule, Context } from '../command.js';
import { simulate } from '../simulation.js';
import { transportOptions } from '../transport.js';

async function runSimulate({ settings, logger, lifecycle }: Context): Promise<void> {
  const publisher = openPublisher(settings, transportOptions(logger, 'simulate'));
  lifecycle.onClose('publisher', () => publisher.close());
  // From now on only: whether an earlier run published the past, nobody here can tell.
  await simulate({ settings, publisher, logger, signal: lifecycle.signal, backfillMs: 0, notBeforeMs: 0 });
}

export const command: CommandModule = {
  name: 'simulate',
  usage: '',
  summary: 'Publish the windows of a simulated fleet, from now on.',
  positionals: { min: 0, max: 0 },
  run: runSimulate,
};
