import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, getPart, requirePart } from '@dentryscope/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../dist/proc.js';

const LAB = fileURLToPath(new URL('../../scripts/lab.mjs', import.meta.url));
const PART = 'influx-2.7.12';

/** A cache of its own, with the real part in it, so that nothing a person runs is touched. */
let cache: string;

function lab(...args: string[]) {
  const env = { ...process.env, DENTRYSCOPE_LAB_CACHE: cache };
  const { status, stdout, stderr } = spawnSync(process.execPath, [LAB, ...args], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

beforeAll(() => void (cache = mkdtempSync(join(tmpdir(), 'lab-cli-test-'))));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

describe('the lab command', () => {
  it('has a help', () => {
    const { status, stdout } = lab('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: npm run lab -- COMMAND');
  });

  it.each([
    [['fetch'], 'unknown command fetch'],
    [['get', 'redis'], 'unknown part redis: choose from'],
    [['get', 'kafka@1'], 'unknown version in kafka@1: choose from'],
    [['start', 'vm'], 'npm run vm'],
    [['clean'], 'clean needs a PART'],
  ])('%j is a wrong use: status 2', (args, reason) => {
    const { status, stderr } = lab(...args);
    expect(stderr).toContain(reason);
    expect(status).toBe(2);
  });
});

describe.skipIf(requirePart('influx'))('a part in the background', () => {
  beforeAll(async () => {
    await getPart('influx');
    mkdirSync(join(cache, 'parts'));
    symlinkSync(join(cacheRoot(), 'parts', PART), join(cache, 'parts', PART));
  });
  afterAll(() => void lab('stop'));

  const pidIn = (stdout: string): number => Number(/pid (\d+)/.exec(stdout)![1]);

  it('outlives the command and tells its variables, now and later', async () => {
    const { status, stdout } = lab('start', 'influx');
    expect(status).toBe(0);
    const [, url] = /^export DENTRYSCOPE_INFLUX_URL='(.*)'$/m.exec(stdout)!;
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(lab('env').stdout).toBe(stdout);
    expect(lab('status').stdout).toContain(`influx@2.7.12: had; runs since`);
  });

  it('is not started twice', () => {
    expect(lab('start', 'influx').stdout).toBe(lab('env').stdout);
  });

  it('leaves no process and no data when stopped', () => {
    const pid = pidIn(lab('env').stdout);
    expect(lab('stop', 'influx').status).toBe(0);
    expect(existsSync(join(cache, 'run', 'influx'))).toBe(false);
    expect(lab('env').stdout).toBe('');
    expect(identify(pid)).toBeUndefined();
  });
});
