/** /healthz, /readyz and /metrics of a process that has no API of its own. */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { listen } from './listen.js';
import type { Address } from './listen.js';

/** One part that must work for the process to be of use, e.g. `transport`. */
export interface Part {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
}

export interface ProbeServer {
  readonly address: Address | undefined;
  close(): Promise<void>;
}

function answerReady(response: ServerResponse, parts: readonly Part[]): void {
  const ok = parts.every((part) => part.ok);
  response.writeHead(ok ? 200 : 503, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ready: ok, parts }));
}

async function answerMetrics(response: ServerResponse, registry: Registry): Promise<void> {
  const body = await registry.metrics();
  response.writeHead(200, { 'content-type': registry.contentType }).end(body);
}

/** @param text the `listen` setting, or `off` @throws SettingError where it can't listen */
export async function startProbes(
  text: string,
  variable: string,
  registry: Registry,
  parts: () => readonly Part[],
): Promise<ProbeServer> {
  if (text === 'off') return { address: undefined, close: async () => {} };
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') response.writeHead(200).end('ok\n');
    else if (path === '/readyz') answerReady(response, parts());
    else if (path === '/metrics')
      answerMetrics(response, registry).catch((error: unknown) => response.writeHead(500).end(String(error)));
    else response.writeHead(404).end('try /healthz, /readyz or /metrics\n');
  });
  const address = await listen(server, text, variable);
  return {
    address,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
