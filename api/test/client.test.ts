/// <reference lib="dom" />
/** How the page asks: with more patience than the API has, and an answer that breaks off is none. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { settings } from '@dentryscope/contracts';
import { parseDuration } from '@dentryscope/runtime';
import { ApiProblem, Unreachable, get } from '../web/src/data/client.js';

let server: Server;
let url: string;
beforeEach(async () => {
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  server = createServer((request, response) => {
    if (request.url === '/problem')
      return response
        .writeHead(504, { 'content-type': 'application/problem+json' })
        .end('{"detail":"too slow"}');
    if (request.url === '/page') return response.end('<html>');
    // Never ended.
    return response.writeHead(request.url === '/bad' ? 500 : 200).write('{"total":');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  server.closeAllConnections();
  server.close();
});

const never = () => new AbortController().signal;

test.each(['half', 'bad'])(
  'the patience ends in the middle of an answer (/%s): there is none',
  async (path) => {
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      const soon = new AbortController();
      setTimeout(() => soon.abort(), 200);
      return soon.signal;
    });
    await expect(get(`${url}/${path}`, {}, never())).rejects.toBeInstanceOf(Unreachable);
  },
);

test('the connection breaks in the middle of an answer: there is none', async () => {
  const answer = get(`${url}/half`, {}, never());
  setTimeout(() => server.closeAllConnections(), 100);
  await expect(answer).rejects.toBeInstanceOf(Unreachable);
});

test('an API that gives up by itself is heard, in its own words', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout');
  const answer = get(`${url}/problem`, {}, never());
  await expect(answer).rejects.toMatchObject({ status: 504, message: 'too slow' });
  await expect(answer).rejects.toBeInstanceOf(ApiProblem);
  expect(timeout.mock.calls[0]![0]).toBeGreaterThan(parseDuration(settings.apiQueryTimeout.fallback!));
});

test('an answer that is no JSON came all the same', async () => {
  await expect(get(`${url}/page`, {}, never())).rejects.toBeInstanceOf(SyntaxError);
});
