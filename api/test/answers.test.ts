/** What the routes answer, asked of the real embedded store: exact figures, absent ones absent. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  FleetAnswer,
  MetricsAnswer,
  NodeAnswer,
  NodesAnswer,
  ReadyAnswer,
  SeriesAnswer,
  TopAnswer,
} from '@dentryscope/contracts';
import { Value } from 'typebox/value';
import { NOW, openApi, windowOf } from './harness.js';
import type { TestApi } from './harness.js';

const podUid = '11111111-2222-3333-4444-555555555555';
const hook = { includesPseudo: false, perCgroup: true, missed: 0n };
let api: TestApi;

const n1 = (ago: number, nrDentry: bigint, allocated: Record<string, bigint>) =>
  windowOf({
    node: 'n1',
    ago,
    allocated,
    state: {
      nrDentry,
      nrUnused: 900n,
      nrNegative: 400n,
      slabReclaimableBytes: 5_000_000n,
      slabCaches: [{ name: 'dentry', activeObjects: 10n, totalObjects: 21n, objectBytes: 192n }],
    },
    infos: [
      { id: 7n, path: '/kubepods.slice/x', hierarchy: 'v2', podUid, containerId: 'c0ffee' },
      { id: 8n, path: '/system.slice/cron.service', hierarchy: 'v2' },
    ],
    health: {
      agentVersion: '0.1.0',
      kernelRelease: '6.1.0',
      hooks: [
        { ...hook, hook: 'dentry_alloc', backend: 'fentry' },
        { ...hook, hook: 'dentry_free', backend: '', reason: 'kprobe: Operation not permitted' },
      ],
      degraded: ['kprobe is refused by this kernel'],
    },
  });

beforeAll(async () => {
  api = await openApi();
  await api.store.writer.write([
    n1(2, 1000n, { 7: 600n, 8: 5n }),
    n1(1, 1500n, { 7: 400n }),
    n1(0, 2000n, { 8: 7n }),
    windowOf({ node: 'n2', ago: 0, state: { nrDentry: 50n } }),
    windowOf({
      node: 'n3',
      ago: 30,
      state: { nrDentry: 9_000n, nrNegative: 1n },
      health: { windowsLost: 3n },
    }),
    windowOf({ node: 'shared', cluster: 'c1', state: { nrDentry: 1n } }),
    windowOf({ node: 'shared', cluster: 'c2', state: { nrDentry: 2n } }),
  ]);
  await api.store.writer.writeNames([
    {
      podUid,
      containerId: 'c0ffee',
      namespace: 'shop',
      pod: 'web-1',
      container: 'app',
      workload: 'Deployment/web',
    },
  ]);
});
afterAll(() => api?.close());

test('every answer is as its schema says', async () => {
  const cases = [
    ['/v1/fleet', FleetAnswer],
    ['/v1/nodes', NodesAnswer],
    ['/v1/nodes/n1', NodeAnswer],
    ['/v1/nodes/n2', NodeAnswer],
    ['/v1/series?metric=node_dentries&from=5m', SeriesAnswer],
    ['/v1/top?metric=dentries_allocated', TopAnswer],
    ['/v1/metrics', MetricsAnswer],
    ['/readyz', ReadyAnswer],
  ] as const;
  for (const [url, schema] of cases) {
    const { status, json } = await api.get(url);
    expect(status, url).toBe(200);
    expect([...Value.Errors(schema, json)], url).toEqual([]);
  }
});

test('the fleet: totals over reporting nodes, the silent one named', async () => {
  const { json } = await api.get('/v1/fleet');
  expect(json.nodes).toEqual({ total: 5, reporting: 4, silent: 1, degraded: 1 });
  expect(json.dentries).toMatchObject({ total: 2053, unused: 900, negative: 400, growthPerSecond: 50 });
  expect(json.worst.map((node: { node: string }) => node.node).slice(0, 3)).toEqual(['n3', 'n1', 'n2']);
  const missing = json.missing.join('\n');
  expect(missing).toMatch(/1 node is silent, or its clock is behind, and not in the totals: n3\./);
  expect(missing).toMatch(/Hook dentry_free could not attach on 1 node.*: n1\./);
  expect(missing).toMatch(/3 nodes give no count of negative dentries.*: n2, shared, shared\./);
  expect(missing).toMatch(/1 node has lost windows since boot.*: n3\./);
});

test('the fleet of one cluster', async () => {
  const { json } = await api.get('/v1/fleet?cluster=c2');
  expect(json.nodes).toMatchObject({ total: 1, reporting: 1 });
  expect(json.dentries).toEqual({ total: 2 });
});

test('a cluster that is not there: said of that cluster, not of all', async () => {
  const fleet = await api.get('/v1/fleet?cluster=typo');
  expect(fleet.json.missing).toEqual([
    'No window of cluster typo has come in the last 24 hours: start an agent there (or look at its name), or look whether the ingester runs.',
  ]);
  const node = await api.get('/v1/nodes/n1?cluster=typo');
  expect([node.status, node.json.detail]).toEqual([
    404,
    'No window of a node n1 in cluster typo has come in the last 24 hours. GET /v1/nodes lists the nodes.',
  ]);
  expect((await api.get('/v1/nodes/nobody')).json.detail).toMatch(/^No window of a node nobody has come/);
});

test('a node: what is not known is absent, not 0', async () => {
  const { json } = await api.get('/v1/nodes/n2');
  expect(json).toMatchObject({
    dentries: 50,
    reporting: true,
    hooks: [],
    degraded: [],
    slabCaches: [],
    top: [],
  });
  for (const key of ['dentriesNegative', 'dentryGrowthPerSecond', 'agentVersion', 'slabReclaimableBytes'])
    expect(json, key).not.toHaveProperty(key);
});

test('a node: hooks with reasons, slab caches, top cgroups with their names', async () => {
  const { json } = await api.get('/v1/nodes/n1');
  expect(json.lastSeen).toBe('2026-11-21T12:00:00.000Z');
  expect(json.hooks[1]).toEqual({
    ...hook,
    missed: 0,
    hook: 'dentry_free',
    reason: 'kprobe: Operation not permitted',
  });
  expect(json.slabCaches).toEqual([
    { name: 'dentry', activeObjects: 10, totalObjects: 21, objectBytes: 192 },
  ]);
  expect(json.top[0]).toMatchObject({ value: 1000, namespace: 'shop', pod: 'web-1', container: 'app' });
  expect(json.top[1]).toMatchObject({ value: 12, cgroupId: '8', path: '/system.slice/cron.service' });
});

test('a node name that two clusters have: say which', async () => {
  const { status, json } = await api.get('/v1/nodes/shared');
  expect([status, json.code]).toEqual([400, 'invalid_request']);
  expect(json.detail).toBe('Clusters c1, c2 each have a node shared: say which with ?cluster=.');
  expect((await api.get('/v1/nodes/shared?cluster=c2')).json.dentries).toBe(2);
});

test('nodes: limited, with how many there are', async () => {
  const { json } = await api.get('/v1/nodes?limit=2');
  expect(json.total).toBe(5);
  expect(json.nodes.map((node: { node: string }) => node.node)).toEqual(['n1', 'n2']);
});

test('top: by every dimension, filtered, limited, with the total over all', async () => {
  const top = async (query: string) =>
    (await api.get(`/v1/top?metric=dentries_allocated&from=5m${query}`)).json;
  expect(await top('&limit=1')).toMatchObject({
    by: 'cgroup',
    unit: 'dentries',
    total: 1012,
    items: [{ value: 1000 }],
  });
  expect((await top('&by=workload')).items[0]).toMatchObject({ workload: 'Deployment/web', value: 1000 });
  expect((await top('&by=namespace&namespace=shop')).total).toBe(1000);
  expect((await top('&workload=Deployment/web&pod=web-1&container=app&cluster=c1&node=n1')).total).toBe(1000);
  expect((await top('&cgroup=8')).total).toBe(12);
  expect((await top('&cgroup=/system.slice/cron.service')).total).toBe(12);
  const nobody = await top('&node=nobody');
  expect(nobody.items).toEqual([]);
  expect(nobody).not.toHaveProperty('total');
});

test('top: a metric of nodes is grouped by node unasked', async () => {
  const { json } = await api.get('/v1/top?metric=node_dentries');
  expect(json.by).toBe('node');
  expect(json.items[0]).toMatchObject({ node: 'n3', value: 9000 });
});

test('a window belongs to the range that its start lies in', async () => {
  const total = async (from: number, to: number) =>
    (await api.get(`/v1/top?metric=dentries_allocated&from=${iso(from)}&to=${iso(to)}`)).json.total;
  const start = NOW - 20_000; // of the window with 400
  expect(await total(start, start + 1)).toBe(400);
  expect(await total(start + 1, start + 2)).toBeUndefined();
  expect(await total(start - 1, start)).toBeUndefined();
});
const iso = (ms: number) => new Date(ms).toISOString();

test('series: every step, null where no window starts', async () => {
  const { json } = await api.get('/v1/series?metric=dentries_allocated&from=1m&step=20s');
  expect(json).toMatchObject({ metric: 'dentries_allocated', unit: 'dentries', stepMs: 20_000 });
  expect(json.points).toEqual([
    { time: '2026-11-21T11:59:00.000Z', value: null },
    { time: '2026-11-21T11:59:20.000Z', value: 605 },
    { time: '2026-11-21T11:59:40.000Z', value: 407 },
  ]);
});

test('series: as CSV', async () => {
  const { type, body } = await api.get('/v1/series?metric=dentries_allocated&from=1m&step=20s&format=csv');
  expect(type).toBe('text/csv; charset=utf-8; header=present');
  expect(body).toBe(
    'time,value\r\n2026-11-21T11:59:00.000Z,\r\n2026-11-21T11:59:20.000Z,605\r\n2026-11-21T11:59:40.000Z,407\r\n',
  );
});

test('series: default range and step', async () => {
  const { json } = await api.get('/v1/series?metric=node_dentries&node=n1');
  expect(json).toMatchObject({
    from: '2026-11-21T11:00:00.000Z',
    to: '2026-11-21T12:00:00.000Z',
    stepMs: 12_000,
  });
  expect(json.points).toHaveLength(300);
});

test('HEAD answers like GET, without a body', async () => {
  const response = await api.app.inject({ method: 'HEAD', url: '/v1/fleet' });
  expect([response.statusCode, response.body]).toEqual([200, '']);
});

test('the names of metrics are those that series and top take', async () => {
  const { json } = await api.get('/v1/metrics');
  for (const { name } of json.metrics)
    expect((await api.get(`/v1/series?metric=${name}&from=1m`)).status, name).toBe(200);
});

test('series: where a node has no windows is marked, with what is known of why', async () => {
  await api.store.writer.write([5, 4, 2, 0].map((ago) => windowOf({ node: 'gapped', cluster: 'c9', ago })));
  const { json } = await api.get('/v1/series?metric=node_dentries&cluster=c9&node=gapped&from=2m');
  const gap = { cluster: 'c9', node: 'gapped', reason: 'windows_missing', windows: 1 };
  expect(json.gaps).toEqual([
    { ...gap, from: '2026-11-21T11:59:20.000Z', to: '2026-11-21T11:59:30.000Z' },
    { ...gap, from: '2026-11-21T11:59:40.000Z', to: '2026-11-21T11:59:50.000Z' },
  ]);
  // One that comes late is missed no more.
  await api.store.writer.write([windowOf({ node: 'gapped', cluster: 'c9', ago: 3 })]);
  const later = await api.get('/v1/series?metric=node_dentries&cluster=c9&from=2m');
  expect(later.json.gaps).toHaveLength(1);
  expect((await api.get('/v1/series?metric=node_dentries&node=n1&from=2m')).json.gaps).toEqual([]);
});

test('a clock that is ahead: nobody can tell whether the node reports, and by how much it is', async () => {
  const cluster = 'c8';
  // Windows that end 10 s and 10.001 s from now, and 90 s.
  const ends = (node: string, aheadMs: number) =>
    windowOf({ node, cluster, startMs: NOW + aheadMs - 10_000, state: { nrDentry: 5n } });
  await api.store.writer.write([ends('fine', 10_000), ends('more', 10_001), ends('much', 90_000)]);
  const { json } = await api.get(`/v1/fleet?cluster=${cluster}`);
  expect([json.nodes.reporting, json.dentries.total]).toEqual([1, 5]);
  expect(json.missing[0]).toBe(
    "2 nodes have clocks ahead of the API's, so that nobody can tell whether they report; not in the totals: more (10 s), much (90 s).",
  );
  const node = async (name: string) => (await api.get(`/v1/nodes/${name}?cluster=${cluster}`)).json;
  expect(await node('fine')).toMatchObject({ reporting: true, degraded: [] });
  const much = await node('much');
  expect(much.reporting).toBe(false);
  expect(much.degraded).toEqual([expect.stringMatching(/^Its clock is at least 90 s ahead of the API's/)]);
  expect([...Value.Errors(NodeAnswer, much)]).toEqual([]);
});
