import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { get, type Recipe } from '../dist/get.js';
import { until } from '../dist/wait.js';

const GET = new URL('../dist/get.js', import.meta.url).href;

/** Gets a part whose build takes `buildMs` and adds one letter to the file `built`. */
const script = (buildMs: number): string => `
  import { appendFileSync, writeFileSync } from 'node:fs';
  import { join } from 'node:path';
  import { get } from '${GET}';
  const cache = process.env.DENTRYSCOPE_LAB_CACHE;
  const build = async (dir) => {
    appendFileSync(join(cache, 'built'), 'x');
    writeFileSync(join(dir, 'half'), '');
    await new Promise((resolve) => setTimeout(resolve, ${buildMs}));
    writeFileSync(join(dir, 'whole'), '');
  };
  await get({ name: 'fake', version: '1', builtWith: [], runsWith: [], build });
`;

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'lab-get-test-'));
  process.env['DENTRYSCOPE_LAB_CACHE'] = cache;
});
afterEach(() => {
  delete process.env['DENTRYSCOPE_LAB_CACHE'];
  rmSync(cache, { recursive: true, force: true });
});

const run = (buildMs: number): ChildProcess =>
  spawn(process.execPath, ['--input-type=module', '-e', script(buildMs)], { stdio: 'ignore' });

const timesBuilt = (): number => readFileSync(join(cache, 'built'), 'utf8').length;
const part = (): string => join(cache, 'parts', 'fake-1');

describe('get', () => {
  it('builds once when four processes ask at once, and all wait for the result', async () => {
    const statuses = await Promise.all([1, 2, 3, 4].map(async () => (await once(run(500), 'exit'))[0]));
    expect(statuses).toEqual([0, 0, 0, 0]);
    expect(timesBuilt()).toBe(1);
    expect(readdirSync(part()).sort()).toEqual(['half', 'whole']);
    expect(readdirSync(join(cache, 'build'))).toEqual([]);
  });

  it('leaves neither a half part nor a lock when the builder is killed', async () => {
    const killed = run(60_000);
    await until('the build has begun', 10_000, async () => timesBuilt());
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(existsSync(part())).toBe(false);
    expect((await once(run(0), 'exit'))[0]).toBe(0);
    expect(timesBuilt()).toBe(2);
    expect(readdirSync(part()).sort()).toEqual(['half', 'whole']);
    expect(readdirSync(join(cache, 'build'))).toEqual([]);
  });

  it('leaves nothing of a build that fails, and says why', async () => {
    const build = () => Promise.reject(new Error('no such module'));
    const recipe: Recipe = { name: 'fake', version: '1', builtWith: [], runsWith: [], build };
    await expect(get(recipe)).rejects.toThrow('no such module');
    expect(existsSync(part())).toBe(false);
    expect(readdirSync(join(cache, 'build'))).toEqual([]);
  });
});
