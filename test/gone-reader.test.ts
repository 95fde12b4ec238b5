/** Standard output whose reader goes away: told by those who have nothing else to do; nothing to all others. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { batchFromJson } from '@dentryscope/contracts';
import { Cli, endAll } from './lib/cli.js';
import { scratch } from './lib/scratch.js';
import { quickly } from './lib/services.js';

const dir = scratch();
afterEach(endAll);
afterAll(dir.remove);

const quiet = { ...quickly, DENTRYSCOPE_DATA_DIR: join(dir.path, 'quiet') };

it('a reader of standard output that goes away ends the agent, with the reason', async () => {
  const shell = Cli.start(['agent', '--backend', 'none'], { ...quiet, DENTRYSCOPE_TRANSPORT: 'stdout' }, [
    'bash',
    '-c',
    '"$@" | head -n 1; exit "${PIPESTATUS[0]}"',
    'bash',
  ]);
  expect((await shell.exited).code).toBe(1);
  expect(batchFromJson(shell.stdout.trim()).seq).toBeGreaterThan(0n);
});

interface PlantedTruth {
  readonly windows: { readonly to: number };
  readonly batches: number;
}

it('and the simulation, with the truth of what was taken', async () => {
  const truth = join(dir.path, 'truth.json');
  const args = ['simulate', '--simulate-nodes', '2', '--simulate-cgroups', '1', '--truth', truth];
  const through = ['bash', '-c', 'timeout 50 "$@" | head -n 2; exit "${PIPESTATUS[0]}"', 'bash'];
  const shell = Cli.start(args, { ...quiet, DENTRYSCOPE_TRANSPORT: 'stdout' }, through);
  expect((await shell.exited).code).toBe(1);
  expect(shell.stderr).toMatch(/^dentryscope simulate: Standard output was closed by its reader/m);
  expect(shell.stderr).not.toMatch(/tried again|\n {4}at /);
  const { windows, batches } = JSON.parse(readFileSync(truth, 'utf8')) as PlantedTruth;
  expect(windows.to).toBeGreaterThan(0);
  expect(batches).toBe(2 * windows.to);
});

it.each([['--help'], ['export', '--help'], ['doctor', '--backend', 'none']])(
  'a reader that is gone before anything is said is no failure: %s',
  async (...args) => {
    const read = await Cli.start(args, quiet).exited;
    const through = ['bash', '-c', '"$@" | true; exit "${PIPESTATUS[0]}"', 'bash'];
    const unread = Cli.start(args, quiet, through);
    expect((await unread.exited).code).toBe(read.code);
    expect(unread.stderr).toBe('');
  },
);
