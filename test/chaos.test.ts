/** Kills at random, some of a thousand (docs/reliability.md), and the harness's own sight. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { requirePart } from '@dentryscope/lab';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'dentryscope-chaos-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KILLS = 50;
const timeout = 600_000;

interface Judgement {
  readonly windows: number;
  readonly right: number;
  readonly lost: number;
  readonly twice: number;
  readonly wrong: number;
  readonly unnamed: number;
}

interface Result {
  readonly faults: Record<string, { readonly killed: number; readonly held: number }>;
  readonly simulated: Judgement;
  readonly real?: Judgement;
  readonly deadLetters?: number;
}

async function chaos(system: string, ...flags: string[]) {
  const json = join(folder, `${system}.json`);
  rmSync(json, { force: true });
  const args = [join(root, 'chaos/main.mjs'), '--on', system, '--json', json, ...flags];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  if (!existsSync(json)) throw new Error(stderr);
  const results = JSON.parse(readFileSync(json, 'utf8')) as Record<string, Result>;
  return { status, stdout, stderr, ...results[system]! };
}

/** Of a run that was to fail. */
function removeLogs(stdout: string): void {
  const [, kept] = /^The logs of all processes are in (.+)\.$/m.exec(stdout)!;
  rmSync(join(root, kept!), { recursive: true });
}

const nothing = { lost: 0, twice: 0, wrong: 0, unnamed: 0 };
const killed = ({ faults }: Pick<Result, 'faults'>) =>
  Object.values(faults).reduce((sum, { killed }) => sum + killed, 0);

async function expectNothingLost(system: string, kinds: readonly string[]) {
  const { status, stdout, ...result } = await chaos(system, '--kills', String(KILLS));
  expect(stdout).toMatch(/PASS\n$/);
  expect(status).toBe(0);
  expect(killed(result)).toBe(KILLS);
  for (const kind of kinds) expect(result.faults[kind]!.killed).toBeGreaterThan(0);
  expect(result.simulated).toMatchObject(nothing);
  expect(result.simulated.windows).toBeGreaterThan(KILLS);
  expect(result.simulated.right).toBeGreaterThan(result.simulated.windows);
  expect(result.real).toMatchObject(nothing);
  expect(result.real!.right).toBeGreaterThan(0);
  expect(result.deadLetters).toBe(0);
}

describe('npm run chaos', { timeout }, () => {
  it(`${KILLS} kills on the embedded pair: nothing lost, twice or wrong`, () =>
    expectNothingLost('embedded', ['agent', 'standalone']));

  it.skipIf(requirePart('kafka', 'influx'))(
    `${KILLS} kills with Kafka and InfluxDB: nothing lost, twice or wrong`,
    () => expectNothingLost('parts', ['agent', 'ingester', 'broker', 'store']),
  );

  it.skipIf(requirePart('kafka', 'influx'))('plain consumers lose windows, and that is seen', async () => {
    // By chance ten kills may hit at moments in which even it loses nothing.
    let found = await chaos('plain', '--kills', '10');
    for (let kills = 20; found.status === 0 && kills <= 40; kills *= 2)
      found = await chaos('plain', '--kills', String(kills), '--seed', String(kills));
    const { status, stdout, simulated } = found;
    expect(stdout).toMatch(/FAILED\n/);
    expect(stdout).toMatch(/lost: chaos-\d window \d+ /);
    expect(status).toBe(1);
    expect(simulated.lost).toBeGreaterThan(0);
    expect(simulated.right).toBeGreaterThan(0);
    removeLogs(stdout);
  });

  it.each([
    ['skip', { lost: 4, twice: 0, wrong: 0, unnamed: 0 }],
    ['double', { lost: 0, twice: 4, wrong: 0, unnamed: 0 }],
    ['alter', { lost: 0, twice: 0, wrong: 4, unnamed: 0 }],
    ['refuse', { lost: 4, twice: 0, wrong: 0, unnamed: 0 }],
    ['nameless', { lost: 0, twice: 0, wrong: 0, unnamed: 16 }],
  ])('is found: agents that %s', async (fault, found) => {
    const { status, stdout, simulated, deadLetters } = await chaos(
      'embedded',
      '--kills',
      '0',
      '--fault',
      fault,
    );
    expect(simulated).toMatchObject(found);
    expect(deadLetters).toBe(fault === 'refuse' ? 4 : 0);
    expect(status).toBe(1);
    removeLogs(stdout);
  });

  it('a flag that is wrong is named, with what it wants', async () => {
    await expect(chaos('moon')).rejects.toThrow('--on knows parts, embedded, plain, not "moon"');
    await expect(chaos('plain', '--kills=-1')).rejects.toThrow('--kills wants a number from 0');
  });
});
