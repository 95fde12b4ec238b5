/** Who may ask: tokens, scopes, the file that holds them, and addresses that need them. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TokenFile, assertSafeListen, createToken } from '@dentryscope/api';
import { addAuth } from '../src/plugins/auth.js';
import { addProblems } from '../src/plugins/problems.js';
import { openApi, silent } from './harness.js';
import type { TestApi } from './harness.js';

const reader = createToken('grafana', 'read');
const admin = createToken('ops', 'admin');
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

let directory: string;
let path: string;
let tokens: TokenFile;
let api: TestApi;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dentryscope-tokens-'));
  path = join(directory, 'tokens');
  await writeFile(path, `# who may ask\n\n${reader.line}\n  ${admin.line}  \n`);
  tokens = await TokenFile.open(path, silent);
  api = await openApi({ tokens });
});
afterAll(async () => {
  await api?.close();
  await rm(directory, { recursive: true });
});

const fleetRoutes = ['/v1/fleet', '/v1/nodes', '/v1/nodes/n', '/v1/series', '/v1/top', '/v1/metrics'];

test('without a token: 401 with a challenge, on every fleet route', async () => {
  for (const url of fleetRoutes) {
    const { status, json, headers } = await api.get(url);
    expect([status, json.code, headers['www-authenticate']], url).toEqual([
      401,
      'unauthorized',
      'Bearer realm="dentryscope"',
    ]);
  }
});

test('a token that is wrong: 401', async () => {
  const wrong = [`${reader.token}x`, reader.token.slice(0, -1), reader.line.split(' ')[2]!, 'x'.repeat(5000)];
  for (const token of wrong) {
    const { status, headers } = await api.get('/v1/fleet', bearer(token));
    expect([status, headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="dentryscope", error="invalid_token"',
    ]);
  }
  expect((await api.get('/v1/fleet', { authorization: `Basic ${reader.token}` })).status).toBe(401);
  expect((await api.get('/v1/fleet', { authorization: 'Bearer ' })).status).toBe(401);
  expect((await api.get(`/v1/fleet?token=${reader.token}`)).status).toBe(401);
});

test('read and admin may read', async () => {
  expect((await api.get('/v1/fleet', bearer(reader.token))).status).toBe(200);
  expect((await api.get('/v1/fleet', bearer(admin.token))).status).toBe(200);
  expect((await api.get('/v1/fleet', { authorization: `bearer  ${reader.token}` })).status).toBe(200);
});

test('probes, figures, documentation and the page stay open', async () => {
  for (const url of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/'])
    expect((await api.get(url)).status, url).not.toBe(401);
});

test('a scope that is missing: 403 (no route of this version wants admin: one is made here)', async () => {
  const app = Fastify();
  addProblems(app as never);
  addAuth(app, tokens);
  app.get('/danger', { config: { scope: 'admin' } }, async () => 'done');
  const ask = (token: string) => app.inject({ url: '/danger', headers: bearer(token) });
  const refused = await ask(reader.token);
  expect(refused.statusCode).toBe(403);
  expect(refused.headers['www-authenticate']).toContain('error="insufficient_scope", scope="admin"');
  expect(refused.json()).toMatchObject({
    code: 'forbidden',
    detail: expect.stringContaining('this route wants admin'),
  });
  expect((await ask(admin.token)).statusCode).toBe(200);
  await app.close();
});

describe('the file changes', () => {
  const replace = async (text: string) => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  const status = async (token: string) => (await api.get('/v1/fleet', bearer(token))).status;

  test('a token is revoked, another is given, without a restart', async () => {
    const fresh = createToken('fresh', 'read');
    await replace(`${fresh.line}\n`);
    expect([await status(reader.token), await status(fresh.token)]).toEqual([401, 200]);
  });

  test('a broken file leaves the tokens in force, and /readyz says so', async () => {
    await replace(`${reader.line}\n`);
    expect(await status(reader.token)).toBe(200);
    await replace('half a li');
    expect(await status(reader.token)).toBe(200);
    const { json } = await api.get('/readyz');
    expect(json.parts).toContainEqual({
      name: 'tokens',
      ok: true,
      detail: expect.stringContaining('line 1'),
    });
    await rm(path);
    expect(await status(reader.token)).toBe(200);
    await replace(`${reader.line}\n`);
    expect(await status(reader.token)).toBe(200);
    expect((await api.get('/readyz')).json.parts).toEqual([{ name: 'store', ok: true }]);
  });

  test('an empty file lets nobody in', async () => {
    await replace('# nobody\n');
    expect(await status(reader.token)).toBe(401);
  });
});

describe('a file that is no tokens file ends the start, naming file, line and setting', () => {
  const hash = 'a'.repeat(64);
  test.each([
    ['too few words', `ok read ${hash}\nname read`, /line 2: wants three words/],
    ['too many words', `name read ${hash} more`, /line 1: wants three words/],
    ['unknown scope', `name root ${hash}`, /line 1: the scope is none of read, admin/],
    ['a token in place of its hash', `name read ${reader.token}`, /line 1: the third word is no SHA-256/],
    ['odd name', `na/me read ${hash}`, /line 1: the name has/],
    ['a name twice', `a read ${hash}\n\na read ${hash}`, /line 3: the name a is given twice/],
  ])('%s', async (_what, text, words) => {
    const file = join(directory, 'bad');
    await writeFile(file, text);
    const error = await TokenFile.open(file, silent).catch((e: Error) => e);
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).toContain(`DENTRYSCOPE_API_TOKENS_FILE=${file}`);
    expect((error as Error).message).not.toContain(reader.token);
  });
  test('not there', async () => {
    await expect(TokenFile.open(join(directory, 'none'), silent)).rejects.toThrow(
      /DENTRYSCOPE_API_TOKENS_FILE=.*ENOENT/,
    );
  });
});

test('a token is made once and kept as a hash', () => {
  expect(reader.token).toMatch(/^dts_[\w-]{43}$/);
  expect(reader.line).toMatch(/^grafana read [0-9a-f]{64}$/);
  expect(createToken('a', 'read').token).not.toBe(createToken('a', 'read').token);
  expect(() => createToken('a b', 'read')).toThrow(/token name/);
});

test('an address that others reach needs tokens', () => {
  const open = ['0.0.0.0:8080', ':8080', '[::]:8080', '10.0.0.7:80', 'example.org:80', '127.example.org:80'];
  for (const address of open) {
    expect(() => assertSafeListen(address, undefined), address).toThrow(
      /Set DENTRYSCOPE_API_TOKENS_FILE to a file/,
    );
    expect(() => assertSafeListen(address, tokens), address).not.toThrow();
  }
  for (const address of ['127.0.0.1:8080', 'localhost:0', '[::1]:8080', '127.0.0.2:1', 'off'])
    expect(() => assertSafeListen(address, undefined), address).not.toThrow();
});
