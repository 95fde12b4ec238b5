/** All tests at once, in two runs of Vitest side by side. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ending, root } from './steps.mjs';

/**
 * Guests wait for each other's processors: on two cores a pair of them takes longer than one after the other, and leaves
 * the other tests nothing. So those with many guests run one at a time, beside all else; that ends at about the same time.
 */
const LANES = [
  ['guests.test', '--maxWorkers=1'],
  ['--exclude=**/*guests.test.ts', '--maxWorkers=2'],
];

/** Node's arguments. */
export const vitest = (args) => [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args];
const COUNTS = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;

/** Prints what the lanes print, and the sum of their counts as the last line. @returns 0 when all passed */
export async function testAll() {
  const lanes = await Promise.all(LANES.map(runLane));
  const [passed, failed, skipped] = [0, 1, 2].map((i) =>
    lanes.reduce((sum, { counts }) => sum + counts[i], 0),
  );
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return lanes.find(({ status }) => status !== 0)?.status ?? 0;
}

async function runLane(args) {
  const env = process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env;
  const child = spawn(process.execPath, vitest(args), {
    cwd: root,
    stdio: ['inherit', 'pipe', 'inherit'],
    env,
  });
  // One that ends before it counted has failed.
  let counts = [0, 1, 0];
  createInterface(child.stdout).on('line', (line) => {
    const found = COUNTS.exec(line);
    if (found) counts = found.slice(1).map(Number);
    else process.stdout.write(`${line}\n`);
  });
  const status = await ending(child);
  return { counts, status };
}
