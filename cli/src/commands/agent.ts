import { setFlagsFromString } from 'node:v8';
import { Agent } from '@dentryscope/agent';
import { releaseStartupMemory } from '@dentryscope/native';
import type { Logger } from '@dentryscope/runtime';
import { startProbes, urlOf } from '@dentryscope/runtime';
import { openPublisher } from '@dentryscope/transport';
import type { CommandModule, Context } from '../command.js';
import { endingByError } from '../fatal.js';
import { podLabels, startPodWatch } from '../pod-watch.js';
import { transportOptions } from '../transport.js';

/**
 * It works for some milliseconds of a window, on every node of a fleet: what an optimising compiler makes of that never
 * pays for the 10 MB that it and its code take (docs/overhead.md).
 * A young generation of 1 MB is collected sooner by one thread than others wake up; a busy hour would make it 16 MB.
 * Not --optimize-for-size: that gives 3 MB back at each collection, only to fault them in again, a twentieth of all its work.
 */
const v8Flags = ['--no-opt', '--semi-space-growth-factor=1', '--no-parallel-scavenge'];

/** By then a window has been measured and sent, also where windows are long: later it is the same few pages again. */
const STARTED_AFTER_MS = 30_000;

/** @returns what keeps it from happening, where the agent ends before */
function releaseOnceStarted(logger: Logger): () => void {
  const timer = setTimeout(() => {
    try {
      logger.debug({ bytes: releaseStartupMemory() }, 'code of the start is no longer mapped');
    } catch (error) {
      logger.warn({ err: error }, 'the memory of the start stays mapped');
    }
  }, STARTED_AFTER_MS);
  return () => clearTimeout(timer);
}

async function runAgent({ settings, logger, registry, lifecycle, version }: Context): Promise<void> {
  const { onFatal, ended } = endingByError(lifecycle);
  for (const flag of v8Flags) setFlagsFromString(flag);
  const publisher = openPublisher(settings, transportOptions(logger, 'agent'));
  lifecycle.onClose('publisher', () => publisher.close());
  const pods = await startPodWatch(settings, logger, { nodeName: settings.node! });
  if (pods) lifecycle.onClose('pod watch', () => pods.close());
  const agent = await Agent.start({
    settings,
    version,
    logger,
    registry,
    publisher,
    ...(pods ? { nameOf: (info) => podLabels(pods, info) } : {}),
    onFatal,
  });
  lifecycle.onClose('agent', () => agent.close());
  const probes = await startProbes(settings.agentListen, 'DENTRYSCOPE_AGENT_LISTEN', registry, () =>
    agent.parts(),
  );
  lifecycle.onClose('probes', () => probes.close());
  logger.info({ address: probes.address && urlOf(probes.address) }, 'agent listens');
  lifecycle.onClose('release', releaseOnceStarted(logger));
  await ended();
}

export const command: CommandModule = {
  name: 'agent',
  usage: '',
  summary: "Measure this machine's kernel and publish a window every DENTRYSCOPE_WINDOW.",
  details:
    'With --transport stdout the windows are printed as canonical JSON, one a line; logs go to standard error.',
  positionals: { min: 0, max: 0 },
  run: runAgent,
};
