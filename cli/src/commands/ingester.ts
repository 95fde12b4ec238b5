import { startProbes, urlOf } from '@dentryscope/runtime';
import type { CommandModule, Context } from '../command.js';
import { ingest } from '../ingest.js';
import { startPodWatch } from '../pod-watch.js';
import { openStore } from '../store.js';

async function runIngester(context: Context): Promise<void> {
  const { settings, logger, registry, lifecycle } = context;
  const store = await openStore(settings, logger);
  lifecycle.onClose('store', () => store.close());
  const pods = await startPodWatch(settings, logger);
  if (pods) lifecycle.onClose('pod watch', () => pods.close());
  const ingester = ingest(context, store, pods);
  const probes = await startProbes(settings.ingesterListen, 'DENTRYSCOPE_INGESTER_LISTEN', registry, () =>
    ingester.status(),
  );
  lifecycle.onClose('probes', () => probes.close());
  logger.info({ address: probes.address && urlOf(probes.address) }, 'ingester started');
  await lifecycle.ended();
}

export const command: CommandModule = {
  name: 'ingester',
  usage: '',
  summary: 'Take windows from the transport, check and name them, write them to the store.',
  positionals: { min: 0, max: 0 },
  run: runIngester,
};
