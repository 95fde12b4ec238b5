import { Agent } from '@dentryscope/agent';
import { startApi } from '@dentryscope/api';
import { SettingError, urlOf } from '@dentryscope/runtime';
import { messageOf, openPublisher } from '@dentryscope/transport';
import type { Publisher } from '@dentryscope/transport';
import type { CommandModule, Context } from '../command.js';
import { endingByError } from '../fatal.js';
import { ingest } from '../ingest.js';
import { podLabels, startPodWatch } from '../pod-watch.js';
import { simulate } from '../simulation.js';
import { openStore } from '../store.js';
import type { Store } from '../store.js';
import { transportOptions } from '../transport.js';

/**
 * Opened in the order of the data's way backwards, so that nobody publishes before somebody listens; and closed in the
 * other, so that the agent's last window does not wait for a slow query.
 */
async function standalone(context: Context): Promise<void> {
  const { settings, logger, registry, lifecycle } = context;
  const { onFatal, ended } = endingByError(lifecycle);
  if (settings.transport === 'stdout')
    throw new SettingError(
      'DENTRYSCOPE_TRANSPORT=stdout: standalone reads what it publishes; set embedded or kafka',
    );
  const store = await openStore(settings, logger);
  lifecycle.onClose('store', () => store.close());
  const pods = await startPodWatch(settings, logger);
  if (pods) lifecycle.onClose('pod watch', () => pods.close());
  const ingester = ingest(context, store, pods);
  const publisher = openPublisher(settings, transportOptions(logger, 'standalone'));
  lifecycle.onClose('publisher', () => publisher.close());
  let parts: Agent['parts'] = () => [{ name: 'start', ok: false, detail: 'not measuring yet' }];
  const status = () => [
    ...ingester.status(),
    ...parts().map((part) => ({ ...part, name: `agent ${part.name}` })),
  ];
  const api = await startApi({ settings, logger, registry, reader: store.reader, status });
  lifecycle.onClose('api', () => api.close());
  const agent = await Agent.start({
    ...context,
    publisher,
    ...(pods ? { nameOf: (info) => podLabels(pods, info) } : {}),
    onFatal,
  });
  lifecycle.onClose('agent', () => agent.close());
  parts = () => agent.parts();
  const where = api.address ? `at ${urlOf(api.address)}` : 'running, without its API';
  process.stdout.write(`dentryscope is ${where}  (Ctrl-C ends it)\n`);
  if (settings.simulate) startSimulation(context, store, publisher, onFatal);
  await ended();
}

const BACKFILL_MS = 15 * 60_000;
/** A start of the command long ago left nothing that the backfill could overlap. */
const LOOK_BACK_MS = 2 * BACKFILL_MS;

function startSimulation(
  context: Context,
  store: Store,
  publisher: Publisher,
  onFatal: (error: Error) => void,
): void {
  const { settings, logger, lifecycle } = context;
  const ended = lastSimulatedMs(store, settings.node!).then((notBeforeMs) =>
    simulate({
      settings,
      publisher,
      logger,
      signal: lifecycle.signal,
      backfillMs: BACKFILL_MS,
      notBeforeMs,
      onNames: (names) => store.writer.writeNames(names),
    }),
  );
  lifecycle.onClose('simulation', () => ended);
  ended.catch((error: unknown) => {
    if (error instanceof SettingError) return onFatal(error);
    onFatal(new Error(`the simulation failed: ${messageOf(error)}`, { cause: error }));
  });
}

/** End of the newest window of a node that is not this machine: an earlier start of this command left it. */
async function lastSimulatedMs({ reader }: Store, ownNode: string): Promise<number> {
  const request = { sinceMs: Date.now() - LOOK_BACK_MS, growthOverMs: 0 };
  const nodes = await reader.nodes(request, { signal: AbortSignal.timeout(30_000) });
  const others = nodes.filter(({ newest }) => newest.node !== ownNode);
  return Math.max(0, ...others.map(({ newest }) => Number(newest.windowEndMs)));
}

export const command: CommandModule = {
  name: 'standalone',
  usage: '',
  summary: 'Agent, ingester and API in one process, on the embedded log and store.',
  details: 'With --simulate a fleet of simulated nodes runs beside this machine.',
  positionals: { min: 0, max: 0 },
  run: standalone,
};
