import { startApi } from '@dentryscope/api';
import { SettingError, urlOf } from '@dentryscope/runtime';
import type { CommandModule, Context } from '../command.js';
import { openStore } from '../store.js';

async function runApi({ settings, logger, registry, lifecycle }: Context): Promise<void> {
  const store = await openStore(settings);
  lifecycle.onClose('store', () => store.close());
  const api = await startApi({ settings, logger, registry, reader: store.reader });
  lifecycle.onClose('api', () => api.close());
  if (!api.address) throw new SettingError('DENTRYSCOPE_API_LISTEN=off leaves the API with nothing to do');
  logger.info({ address: urlOf(api.address) }, 'api started');
  await lifecycle.ended();
}

export const command: CommandModule = {
  name: 'api',
  usage: '',
  summary: 'Answer the fleet queries and show the page.',
  positionals: { min: 0, max: 0 },
  run: runApi,
};
