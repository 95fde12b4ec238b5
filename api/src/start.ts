import type { FastifyBaseLogger } from 'fastify';
import type { Settings } from '@dentryscope/contracts';
import { listenError, parseListen } from '@dentryscope/runtime';
import type { Address } from '@dentryscope/runtime';
import { buildApp } from './app.js';
import type { AppOptions } from './app.js';
import type { App } from './context.js';
import { assertSafeListen } from './safe-listen.js';
import { TokenFile } from './token-file.js';

export interface StartOptions extends Omit<AppOptions, 'tokens' | 'queryTimeoutMs'> {
  readonly settings: Pick<Settings, 'apiListen' | 'apiTokensFile' | 'apiQueryTimeout'>;
}

export interface RunningApi {
  /** undefined: DENTRYSCOPE_API_LISTEN is off. */
  readonly address: Address | undefined;
  /** Requests that are under way are answered first; the reader stays open. */
  close(): Promise<void>;
}

async function listen(app: App, text: string): Promise<Address> {
  const { host, port } = parseListen(text);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw listenError(error, text, 'DENTRYSCOPE_API_LISTEN');
  }
  const bound = app.server.address();
  return { host, port: typeof bound === 'object' && bound ? bound.port : port };
}

const openTokens = (path: string | undefined, logger: FastifyBaseLogger) =>
  path === undefined ? undefined : TokenFile.open(path, logger);

/** @throws SettingError: tokens file malformed, address unsafe without tokens, port taken */
export async function startApi({ settings, ...options }: StartOptions): Promise<RunningApi> {
  const { apiListen, apiTokensFile, apiQueryTimeout } = settings;
  if (apiListen === 'off') return { address: undefined, close: async () => {} };
  const tokens = await openTokens(apiTokensFile, options.logger);
  assertSafeListen(apiListen, tokens);
  const app = await buildApp({ ...options, tokens, queryTimeoutMs: apiQueryTimeout });
  const address = await listen(app, apiListen);
  return { address, close: async () => void (await app.close()) };
}
