import { isIP } from 'node:net';
import { SettingError, isLoopback, parseListen } from '@dentryscope/runtime';
import type { TokenStore } from './tokens.js';

/** @param address as DENTRYSCOPE_API_LISTEN holds it @throws SettingError: names of pods are not for the whole network */
export function assertSafeListen(address: string, tokens: TokenStore | undefined): void {
  if (tokens || address === 'off') return;
  const { host } = parseListen(address);
  // A name such as 127.example.org only looks like loopback.
  if (isLoopback(host) && (isIP(host) !== 0 || host === 'localhost')) return;
  throw new SettingError(
    `DENTRYSCOPE_API_LISTEN=${address} is not a loopback address, and without tokens anybody there could read the API. ` +
      'Set DENTRYSCOPE_API_TOKENS_FILE to a file of lines NAME SCOPE SHA256-HEX, or listen on 127.0.0.1.',
  );
}
