/** /openapi.json is whole and valid; /docs needs no other host; browsers are told what they may do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problems } from '@dentryscope/contracts';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApi } from './harness.js';
import type { TestApi } from './harness.js';

let api: TestApi;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api?.close());

const routes = ['/v1/fleet', '/v1/nodes', '/v1/nodes/{node}', '/v1/series', '/v1/top', '/v1/metrics'];

test('is valid OpenAPI 3.1 and holds every route', async () => {
  const { json } = await api.get('/openapi.json');
  const { valid, errors } = await new Validator().validate(json);
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(json.openapi).toBe('3.1.0');
  expect(Object.keys(json.paths).sort()).toEqual([...routes, '/healthz', '/readyz', '/metrics'].sort());
});

test('each fleet route has its answers, its problems and its security', async () => {
  const { json } = await api.get('/openapi.json');
  expect(json.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
  expect(json.components.schemas.Problem.properties.code.enum).toEqual(Object.keys(problems));
  for (const route of routes) {
    const { get } = json.paths[route];
    expect(get.security, route).toEqual([{ bearer: [] }]);
    expect(get.summary, route).toBeTruthy();
    expect(get.responses['200'].content['application/json'].schema.properties, route).toBeTruthy();
    for (const status of route === '/v1/metrics'
      ? ['400', '401']
      : ['400', '401', '403', '500', '503', '504'])
      expect(
        get.responses[status].content['application/problem+json'].schema.$ref,
        `${route} ${status}`,
      ).toBe('#/components/schemas/Problem');
  }
});

test('a query field in the document is what the route takes', async () => {
  const { json } = await api.get('/openapi.json');
  const names = json.paths['/v1/series'].get.parameters.map(({ name }: { name: string }) => name);
  const { json: problem } = await api.get('/v1/series?nonsense=1');
  expect(problem.detail).toContain(`It knows: ${names.join(', ')}.`);
});

test('/docs: every script, style and picture comes from here', async () => {
  const { body, status, headers } = await api.get('/docs');
  expect(status).toBe(200);
  const sources = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
  expect(sources.length).toBeGreaterThan(4);
  for (const source of sources) {
    expect(source).toMatch(/^\/docs\//);
    expect((await api.get(source)).status, source).toBe(200);
  }
  expect(headers['content-security-policy']).toMatch(/default-src 'none'.*connect-src 'self'/);
});

test('headers that harden every answer', async () => {
  for (const url of ['/', '/v1/fleet', '/healthz', '/nope']) {
    const { headers } = await api.get(url);
    expect(headers, url).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
    expect(headers['content-security-policy'], url).not.toMatch(/unsafe|http/);
  }
  expect((await api.get('/v1/fleet')).headers['cache-control']).toBe('no-store');
});

test('/metrics: how long requests took, by route and status, unknown addresses in one series', async () => {
  await api.get('/v1/nodes/n1');
  await api.get('/v1/nodes/n2');
  await api.get('/a/b/c');
  const { body, type } = await api.get('/metrics');
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toMatch(
    /dentryscope_api_request_duration_seconds_count\{route="\/v1\/nodes\/:node",status="404"\} 2/,
  );
  expect(body).toMatch(/dentryscope_api_request_duration_seconds_count\{route="unmatched",status="404"\} \d/);
  expect(body).not.toContain('/a/b/c');
});
