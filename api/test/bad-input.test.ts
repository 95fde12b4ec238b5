/** Everything a caller can get wrong, one case each: status, code, and words that help. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProblemBody } from '@dentryscope/contracts';
import { Value } from 'typebox/value';
import { openApi, windowOf } from './harness.js';
import type { TestApi } from './harness.js';

let api: TestApi;
beforeAll(async () => {
  api = await openApi();
  await api.store.writer.write([windowOf({ node: 'n1', allocated: { 7: 1n } })]);
});
afterAll(() => api?.close());

const top = (query: string) => `/v1/top?metric=dentries_allocated&${query}`;
const series = (query: string) => `/v1/series?metric=dentries_allocated&${query}`;

const cases: [what: string, url: string, status: number, code: string, words: RegExp][] = [
  [
    'unknown field',
    top('foo=1'),
    400,
    'unknown_query_field',
    /^foo is no field of GET \/v1\/top\. It knows: metric, by,/,
  ],
  [
    'mistyped name of a field that is needed',
    '/v1/top?metrik=x',
    400,
    'unknown_query_field',
    /^metrik is no field/,
  ],
  ['unknown field of /v1/fleet', '/v1/fleet?node=x', 400, 'unknown_query_field', /It knows: cluster\./],
  ['unknown field of /v1/nodes', '/v1/nodes?x=', 400, 'unknown_query_field', /It knows: cluster, limit\./],
  [
    'unknown field of /v1/nodes/{node}',
    '/v1/nodes/n1?x=1',
    400,
    'unknown_query_field',
    /It knows: cluster\./,
  ],
  ['unknown field of /v1/metrics', '/v1/metrics?x=1', 400, 'unknown_query_field', /^x is no field/],
  ['__proto__ as a field', top('__proto__=1'), 400, 'unknown_query_field', /^__proto__ is no field/],
  [
    'no metric',
    '/v1/top',
    400,
    'invalid_request',
    /^metric is missing\. Name of a metric; \/v1\/metrics lists them/,
  ],
  [
    'mistyped metric',
    '/v1/top?metric=dentry_allocated',
    400,
    'unknown_metric',
    /Did you mean dentries_allocated.*\?/,
  ],
  [
    'half a metric',
    '/v1/series?metric=psi_cpu',
    400,
    'unknown_metric',
    /Did you mean psi_cpu_some_ns or node_psi_cpu_some_ns\?/,
  ],
  [
    'metric like no other',
    '/v1/top?metric=temperature',
    400,
    'unknown_metric',
    /GET \/v1\/metrics lists all/,
  ],
  ['metric as long as it gets', `/v1/top?metric=${'x'.repeat(9000)}`, 400, 'unknown_metric', /^.{0,300}$/],
  [
    'metric given twice',
    top('metric=node_dentries'),
    400,
    'invalid_request',
    /^metric is given 2 times; once is meant/,
  ],
  ['by of no dimension', top('by=planet'), 400, 'invalid_request', /by=planet is none of node, namespace/],
  ['limit with letters', top('limit=1e3x'), 400, 'invalid_request', /limit=1e3x is no whole number/],
  ['limit in exponents', top('limit=1e2'), 400, 'invalid_request', /limit=1e2 is no whole number/],
  ['limit in hexadecimal', top('limit=0x10'), 400, 'invalid_request', /limit=0x10 is no whole number/],
  ['limit with a blank', top('limit=%2010'), 400, 'invalid_request', /is no whole number/],
  ['limit with a fraction', top('limit=1.5'), 400, 'invalid_request', /limit=1.5 is no whole number/],
  ['empty limit', top('limit='), 400, 'invalid_request', /limit= is no whole number/],
  ['limit of none', top('limit=0'), 400, 'invalid_request', /limit=0 must be >= 1/],
  ['limit below none', top('limit=-1'), 400, 'invalid_request', /limit=-1 must be >= 1/],
  ['limit past the cap', top('limit=1001'), 400, 'invalid_request', /limit=1001 must be <= 1000/],
  ['limit past 2^53', top('limit=9007199254740993'), 400, 'invalid_request', /is no whole number/],
  [
    'from that is no time',
    top('from=yesterday'),
    400,
    'invalid_request',
    /from=yesterday is no RFC 3339 time.*15m/,
  ],
  ['from without a zone', top('from=2026-11-21T08:55:00'), 400, 'invalid_request', /is no RFC 3339 time/],
  [
    'from on the 30th of February',
    top('from=2026-02-30T00:00:00Z'),
    400,
    'invalid_request',
    /is no RFC 3339 time/,
  ],
  ['from at 25 o’clock', top('from=2026-02-20T25:00:00Z'), 400, 'invalid_request', /is no RFC 3339 time/],
  [
    '+ that is not written %2B',
    top('from=2026-11-21T08:55:00+01:00'),
    400,
    'invalid_request',
    /a \+ is written %2B/,
  ],
  ['from before 1970', top('from=1969-12-31T00:00:00Z'), 400, 'invalid_request', /before 1970/],
  ['from in seconds', top('from=1700000000'), 400, 'invalid_request', /is no RFC 3339 time/],
  ['to as a length', top('to=5m'), 400, 'invalid_request', /to=5m is no RFC 3339 time.*left out, it is now/],
  [
    'from after to',
    top('from=2026-11-21T09:00:00Z&to=2026-11-21T08:00:00Z'),
    400,
    'invalid_request',
    /must lie before to/,
  ],
  [
    'from at to',
    top('from=2026-11-21T09:00:00Z&to=2026-11-21T09:00:00Z'),
    400,
    'invalid_request',
    /must lie before to/,
  ],
  ['from 0s ago', top('from=0s'), 400, 'invalid_request', /must lie before to/],
  [
    'step of no length',
    series('step=fast'),
    400,
    'invalid_request',
    /step=fast wants a length of time such as/,
  ],
  ['step of nothing', series('step=0s'), 400, 'invalid_request', /longer than nothing/],
  [
    'step too small',
    series('step=1s&from=24h'),
    422,
    'too_much',
    /86400 points.*at most 11000.*A step of 8s fits/,
  ],
  ['years by the hour', series('from=1970-01-02T00:00:00Z&step=1h'), 422, 'too_much', /points/],
  ['format that is none', series('format=xml'), 400, 'invalid_request', /format=xml is none of json, csv/],
  ['empty filter', top('namespace='), 400, 'invalid_request', /namespace is empty/],
  ['workload without kind', top('workload=web'), 400, 'invalid_request', /kind\/name/],
  [
    'cgroup that is no id or path',
    top('cgroup=foo'),
    400,
    'invalid_request',
    /its id in decimal, or its path/,
  ],
  ['cgroup id past 64 bits', top('cgroup=18446744073709551616'), 400, 'invalid_request', /ids have 64 bits/],
  [
    'metric of nodes by pod',
    '/v1/top?metric=node_dentries&by=pod',
    400,
    'invalid_request',
    /whole node.*by=node/,
  ],
  [
    'metric of nodes in a namespace',
    '/v1/series?metric=node_dentries&namespace=a',
    400,
    'invalid_request',
    /whole node.*Leave out namespace/,
  ],
  [
    'metric of nodes of a cgroup',
    '/v1/top?metric=node_dentries&cgroup=1',
    400,
    'invalid_request',
    /whole node/,
  ],
  ['limit of nodes', '/v1/nodes?limit=many', 400, 'invalid_request', /limit=many is no whole number/],
  ['node that is not there', '/v1/nodes/nobody', 404, 'not_found', /No window of a node nobody/],
  ['node in a cluster that has none', '/v1/nodes/n1?cluster=c9', 404, 'not_found', /No window of a node n1/],
  ['node name as long as it gets', `/v1/nodes/${'n'.repeat(5000)}`, 400, 'invalid_request', /^.{0,300}$/],
  ['route that is not there', '/v1/forecast', 404, 'not_found', /There is no GET \/v1\/forecast/],
  ['route with a slash too many', '/v1/fleet/', 404, 'not_found', /There is no GET/],
  ['address with a broken escape', '/v1/nodes/%zz', 400, 'invalid_request', /not a valid url/],
  ['path out of the page’s folder', '/..%2f..%2fpackage.json', 404, 'not_found', /There is no GET/],
];

describe('bad input', () => {
  test.each(cases)('%s', async (_what, url, status, code, words) => {
    const { json, type, ...answer } = await api.get(url);
    expect([answer.status, json.code, json.status]).toEqual([status, code, status]);
    expect(json.detail).toMatch(words);
    expect(type).toBe('application/problem+json');
    expect([...Value.Errors(ProblemBody, json)]).toEqual([]);
    expect(answer.body).not.toMatch(/node_modules|\.js:\d/); // no stack
  });
});

test('another method', async () => {
  const response = await api.app.inject({ method: 'POST', url: '/v1/fleet', payload: { a: 1 } });
  expect(response.statusCode).toBe(404);
  expect(response.json()).toMatchObject({
    code: 'not_found',
    detail: expect.stringContaining('POST /v1/fleet'),
  });
});

test('a time with an offset and small letters is a time', async () => {
  const { status, json } = await api.get(top('from=2026-11-21t08:55:00.5%2b01:00'));
  expect([status, json.from]).toEqual([200, '2026-11-21T07:55:00.500Z']);
});
