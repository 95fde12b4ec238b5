/** The server: ports, limits of HTTP, an orderly end. */
import { rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi } from '@dentryscope/api';
import type { RunningApi, StartOptions } from '@dentryscope/api';
import { Registry } from '@dentryscope/runtime';
import type { EmbeddedStore } from '@dentryscope/store';
import { openStore, silent } from './harness.js';

let store: EmbeddedStore;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await openStore());
});
afterAll(() => remove?.());

const settings = { apiListen: '127.0.0.1:0', apiTokensFile: undefined, apiQueryTimeout: 5000 };
const start = (more: Partial<StartOptions['settings']> = {}, options: Partial<StartOptions> = {}) =>
  startApi({
    reader: store.reader,
    logger: silent,
    registry: new Registry(),
    settings: { ...settings, ...more },
    ...options,
  });

async function withApi(check: (api: RunningApi, url: string) => Promise<void>): Promise<void> {
  const api = await start();
  try {
    await check(api, `http://127.0.0.1:${api.address!.port}`);
  } finally {
    await api.close();
  }
}

/** What the server writes back to these bytes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk));
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}

test('answers on the port that it says', () =>
  withApi(async (_api, url) => {
    const response = await fetch(`${url}/v1/fleet`);
    expect(response.status).toBe(200);
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok\n');
  }));

test('a port that is taken: the error names the setting', () =>
  withApi(async ({ address }) => {
    const taken = `127.0.0.1:${address!.port}`;
    await expect(start({ apiListen: taken })).rejects.toThrow(
      `DENTRYSCOPE_API_LISTEN=${taken}: the port is taken by another process; end it or choose another`,
    );
  }));

test('off: nothing listens', async () => {
  const api = await start({ apiListen: 'off' });
  expect(api.address).toBeUndefined();
  await api.close();
});

test('an address that others reach, without tokens: no start', async () => {
  await expect(start({ apiListen: ':0' })).rejects.toThrow(/DENTRYSCOPE_API_TOKENS_FILE/);
});

test('a malformed tokens file: no start', async () => {
  const file = join(tmpdir(), `dentryscope-bad-tokens-${process.pid}`);
  await writeFile(file, 'secret');
  await expect(start({ apiTokensFile: file })).rejects.toThrow(/DENTRYSCOPE_API_TOKENS_FILE=.*line 1/);
  await rm(file);
});

test('headers past all bounds, and bytes that are no HTTP: a problem, not a stack', () =>
  withApi(async ({ address }) => {
    const long = await raw(address!.port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(long).toMatch(/^HTTP\/1\.1 431 .*\r\nContent-Type: application\/problem\+json/);
    expect(long).toContain('"code":"invalid_request"');
    const none = await raw(address!.port, 'hello\r\n\r\n');
    expect(none).toMatch(/^HTTP\/1\.1 400 .*\r\nContent-Type: application\/problem\+json/);
  }));

test('the end waits for the answers that are under way', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const nodes: typeof store.reader.nodes = async (...args) => {
    await held;
    return store.reader.nodes(...args);
  };
  const reader = { nodes, ping: async () => {} } as unknown as typeof store.reader;
  const api = await start({}, { reader });
  const answer = fetch(`http://127.0.0.1:${api.address!.port}/v1/fleet`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closed = api.close();
  setTimeout(release, 100);
  expect((await answer).status).toBe(200);
  await closed;
  await expect(fetch(`http://127.0.0.1:${api.address!.port}/healthz`)).rejects.toThrow();
});

test('a caller that hangs up ends its query', async () => {
  let signal: AbortSignal | undefined;
  const nodes = (_request: unknown, cap: { signal: AbortSignal }) => {
    signal = cap.signal;
    return new Promise<never>(() => {});
  };
  const reader = { nodes, ping: async () => {} } as unknown as typeof store.reader;
  const api = await start({}, { reader });
  const caller = new AbortController();
  const answer = fetch(`http://127.0.0.1:${api.address!.port}/v1/fleet`, { signal: caller.signal });
  while (!signal) await new Promise((resolve) => setTimeout(resolve, 10));
  caller.abort();
  await expect(answer).rejects.toThrow();
  await new Promise((resolve) => signal!.addEventListener('abort', resolve));
  await api.close();
});
