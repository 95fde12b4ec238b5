/** Answers that a real InfluxDB cannot be made to give at will; everything else is tested on the real one. */
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openInfluxStore } from '@dentryscope/store';
import { T0, allocated, total, window } from './fixtures.js';

const batch = window({ figures: { 7: 1n } });
const csv = (...lines: string[]) => lines.map((line) => `${line}\r\n`).join('');

describe('answers of InfluxDB', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const answering = async (listener: RequestListener) => {
    server = createServer(listener).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return openInfluxStore({ url, org: 'o', bucket: 'b', token: 't' });
  };

  test.each([
    [429, true],
    [500, true],
    [502, true],
    [503, true],
    [404, true],
    [302, true],
    [400, false],
    [413, false],
    [422, false],
  ])('%i to a write: retryable %s', async (status, retryable) => {
    const store = await answering((request, response) => {
      request
        .resume()
        .on('end', () => response.writeHead(status, { 'retry-after': '1' }).end('{"message":"words"}'));
    });
    const error = await store.writer.write([batch]).catch((error: unknown) => error);
    expect(error).toMatchObject({
      name: 'StoreError',
      retryable,
      message: expect.stringContaining(String(status)),
    });
  });

  test('an answer that breaks off is an error, not a smaller sum', async () => {
    const store = await answering((_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv', 'transfer-encoding': 'chunked' });
      response.write(csv(',result,table,cluster,node,_value', ',_result,0,c1,n1,5'));
      setTimeout(() => response.destroy(), 20);
    });
    await expect(total(store.reader)).rejects.toMatchObject({ name: 'StoreError', retryable: true });
  });

  test('a query that fails midway says so in a table of its own', async () => {
    const store = await answering((_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv' });
      const rows = csv(',result,table,cluster,node,_value', ',_result,0,c1,n1,5');
      response.end(rows + csv('', 'error,reference', 'engine: memory limit exceeded,897'));
    });
    await expect(total(store.reader)).rejects.toMatchObject({
      name: 'StoreError',
      message: expect.stringContaining('memory limit exceeded'),
    });
  });

  test('an aborted query lets go of its connection', async () => {
    let gone: (value: unknown) => void;
    const closed = new Promise((resolve) => (gone = resolve));
    let asked: (value: unknown) => void;
    const begun = new Promise((resolve) => (asked = resolve));
    const store = await answering((request, response) => {
      response.on('close', gone);
      response.writeHead(200, { 'content-type': 'text/csv' }).write(csv(',result,table,_time,_value'));
      request.on('end', asked).resume();
    });
    const abort = new AbortController();
    const reason = new Error('enough');
    const request = {
      metric: allocated,
      by: 'node',
      filter: {},
      limit: 1,
      fromMs: T0,
      toMs: T0 + 1,
    } as const;
    const answer = store.reader.top(request, { signal: abort.signal });
    await begun;
    abort.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await closed;
    await store.close();
  });
});
