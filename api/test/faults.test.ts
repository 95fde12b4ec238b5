/**
 * Faults of the store that a real one can't be brought to at will: a reader that is a fake, here alone.
 * (That the embedded store heeds the signal is proven in lib/store.)
 */
import { afterEach, expect, test } from 'vitest';
import { StoreError } from '@dentryscope/store';
import type { Reader } from '@dentryscope/store';
import { buildApp } from '@dentryscope/api';
import type { App, AppOptions } from '@dentryscope/api';
import { Registry, createLogger } from '@dentryscope/runtime';
import { NotReadyBody } from '@dentryscope/contracts';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Value } from 'typebox/value';
import { ask } from './harness.js';

const never = () => new Promise<never>(() => {});
const failing = (error: Error): Reader => {
  const fail = () => Promise.reject(error);
  return { top: fail, series: fail, nodes: fail, gaps: fail, ping: fail, close: async () => {} };
};
const fine: Reader = { ...failing(new Error()), nodes: async () => [], ping: async () => {} };

let app: App | undefined;
async function build(options: Partial<AppOptions> & { reader: Reader }): Promise<App> {
  app = await buildApp({
    logger: createLogger('api-test', 'fatal'),
    queryTimeoutMs: 50,
    registry: new Registry(),
    ...options,
  });
  return app;
}
afterEach(() => app?.close());

test('a store that is down: 503, and when to come again', async () => {
  await build({ reader: failing(new StoreError('InfluxDB at http://x:8086 refuses connections', true)) });
  for (const url of ['/v1/fleet', '/v1/nodes', '/v1/nodes/n', '/v1/top?metric=dentries_allocated']) {
    const { status, json, headers } = await ask(app!, url);
    expect([status, json.code, headers['retry-after']]).toEqual([503, 'store_unavailable', '5']);
    expect(json.detail).toMatch(/InfluxDB at http:\/\/x:8086 refuses connections/);
  }
});

test('a query that takes too long: 504, even where the store does not heed the signal', async () => {
  await build({ reader: { ...fine, nodes: never } });
  const { status, json } = await ask(app!, '/v1/fleet');
  expect([status, json.code]).toEqual([504, 'query_timeout']);
  expect(json.detail).toMatch(/within 0\.05 s \(DENTRYSCOPE_API_QUERY_TIMEOUT\)/);
});

test('the signal that a query gets is aborted at its cap', async () => {
  let signal: AbortSignal | undefined;
  const nodes: Reader['nodes'] = (_request, cap) => ((signal = cap.signal), never());
  await build({ reader: { ...fine, nodes } });
  await ask(app!, '/v1/nodes');
  expect(signal?.aborted).toBe(true);
});

test.each([
  ['heeds', (signal: AbortSignal) => new Promise<never>((_, no) => signal.addEventListener('abort', no))],
  ['does not heed', never],
])('gaps that take too long cost no answer; a store that %s the signal', async (_, gaps) => {
  const reader: Reader = {
    ...fine,
    series: async () => ({ steps: [{ startMs: Date.UTC(2026, 0, 1), value: 7n }] }),
    gaps: (_request, cap) => gaps(cap.signal),
  };
  await build({ reader, queryTimeoutMs: 400 });
  const { status, json } = await ask(
    app!,
    '/v1/series?metric=node_dentries&from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:01Z&step=1s',
  );
  expect([status, json.points, json.gaps]).toEqual([
    200,
    [{ time: '2026-01-01T00:00:00.000Z', value: 7 }],
    null,
  ]);
});

test.each([
  ['that are known', [], []],
  ['that nobody can know', null, null],
])('an answer for another range: its gaps, %s', async (_, found, told) => {
  const widened = { fromMs: Date.UTC(2026, 0, 1, 12), toMs: Date.UTC(2026, 0, 1, 14), stepMs: 3_600_000 };
  const reader: Reader = {
    ...fine,
    series: async () => ({ steps: [], widened }),
    gaps: async ({ fromMs, toMs }) => {
      const answered = fromMs === widened.fromMs && toMs === widened.toMs;
      return answered ? found : [{ cluster: 'c', node: 'other', fromMs, toMs, reason: 'rebooted' }];
    },
  };
  await build({ reader });
  const { json } = await ask(
    app!,
    '/v1/series?metric=node_dentries&from=2026-01-01T12:30:00Z&to=2026-01-01T14:00:00Z&step=10m',
  );
  expect(json.gaps).toEqual(told);
});

test('half of an odd number of milliseconds is no whole one, and a series is answered all the same', async () => {
  const reader: Reader = { ...fine, series: async () => ({ steps: [] }), gaps: async () => [] };
  await build({ reader, queryTimeoutMs: 401 });
  const { status, json } = await ask(app!, '/v1/series?metric=node_dentries&from=1s&step=1s');
  expect([status, json.gaps]).toEqual([200, []]);
});

test('a store that fails over the gaps fails: it is not said that there are none', async () => {
  const reader: Reader = { ...failing(new StoreError('down', true)), series: async () => ({ steps: [] }) };
  await build({ reader });
  expect(
    (
      await ask(
        app!,
        '/v1/series?metric=node_dentries&from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:01Z&step=1s',
      )
    ).status,
  ).toBe(503);
});

test('a fault inside: hidden from the caller, in the log with its id', async () => {
  const lines: string[] = [];
  const log = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
  const secret = 'password=hunter2 at /srv/secret.ts';
  await build({ reader: failing(new TypeError(secret)), logger: pino(log) });
  const { status, json, body } = await ask(app!, '/v1/fleet');
  expect([status, json.code]).toEqual([500, 'internal']);
  expect(body).not.toContain('hunter2');
  const logged = lines.map((line) => JSON.parse(line)).find(({ code }) => code === 'internal');
  expect(logged.err.message).toBe(secret);
  expect(json.detail).toContain(logged.reqId);
});

test('not ready: each part that does not work, by name', async () => {
  const status = () => [
    { name: 'transport', ok: false, detail: 'no broker at 127.0.0.1:9092' },
    { name: 'agent', ok: true },
  ];
  await build({ reader: failing(new StoreError('disk full', true)), status });
  const { status: code, json, type } = await ask(app!, '/readyz');
  expect([code, type]).toEqual([503, 'application/problem+json']);
  expect(json).toMatchObject({ code: 'not_ready', ready: false });
  expect(json.detail).toBe('store: disk full; transport: no broker at 127.0.0.1:9092');
  expect(json.parts.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok])).toEqual([
    ['store', false],
    ['transport', false],
    ['agent', true],
  ]);
  expect([...Value.Errors(NotReadyBody, json)]).toEqual([]);
  expect((await ask(app!, '/healthz')).status).toBe(200);
});

test('not ready: a store that hangs', async () => {
  await build({ reader: { ...fine, ping: never } });
  const { status, json } = await ask(app!, '/readyz');
  expect([status, json.detail]).toEqual([503, 'store: no answer within 3 s']);
});

test('no window yet: the fleet says so, and ready it is', async () => {
  await build({ reader: fine });
  const { json } = await ask(app!, '/v1/fleet');
  expect(json.nodes.total).toBe(0);
  expect(json.dentries).toEqual({});
  expect(json.missing).toEqual([expect.stringContaining('start an agent')]);
  expect((await ask(app!, '/readyz')).json).toEqual({ ready: true, parts: [{ name: 'store', ok: true }] });
});
