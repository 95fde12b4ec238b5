import type { Server } from 'node:http';
import { SettingError } from './load-settings.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * `host:port` as `listen` settings hold it. An empty host is every address and stays empty: then Node takes those of
 * IPv4 alone where the kernel has no IPv6, and does not where it is told `::`.
 */
export function parseListen(text: string): Address {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}

/** As a browser on this machine would ask for it. */
export function urlOf({ host, port }: Address): string {
  const name = ['', '::', '0.0.0.0'].includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** The message for a listen that failed: names the setting and the way out. */
export function listenError(error: unknown, text: string, variable: string): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const why: Record<string, string> = {
    EADDRINUSE: 'the port is taken by another process; end it or choose another',
    EACCES: 'this user may not open that port; choose one above 1023',
    EADDRNOTAVAIL: 'this machine has no such address',
    EAFNOSUPPORT: 'this kernel has no addresses of that kind; name one of IPv4, or none for all there are',
  };
  return new SettingError(`${variable}=${text}: ${why[code ?? ''] ?? message}`, { cause: error });
}

/** @returns the port that was opened @throws SettingError */
export async function listen(server: Server, text: string, variable: string): Promise<Address> {
  const { host, port } = parseListen(text);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host, port }, resolve);
  }).catch((error: unknown) => {
    throw listenError(error, text, variable);
  });
  const bound = server.address();
  return { host, port: typeof bound === 'object' && bound ? bound.port : port };
}
