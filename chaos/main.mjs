/** Faults at random, and every window asked back. See --help. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Scope } from '../scripts/lib/scope.mjs';
import { typescript } from '../scripts/lib/build.mjs';
import { endOnSignal } from '../scripts/lib/ending.mjs';
import { argsOf } from '../scripts/lib/flags.mjs';
import { checkNode, npmPackages } from '../scripts/lib/setup.mjs';
import { main, root } from '../scripts/lib/steps.mjs';
import { help, readArgs } from './lib/args.mjs';
import { failed, tell } from './lib/report.mjs';

const PROGRESS_EVERY_MS = 10_000;

/** In place on a terminal; elsewhere a line now and then. */
function sayer() {
  let saidMs = 0;
  return (text) => {
    if (process.stderr.isTTY) return void process.stderr.write(`\r\x1b[K… ${text}`);
    if (Date.now() - saidMs < PROGRESS_EVERY_MS) return;
    saidMs = Date.now();
    process.stderr.write(`… ${text}\n`);
  };
}

function workFolder() {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  return mkdtempSync(join(cache, 'chaos-'));
}

async function chaos(args) {
  const { runSystem } = await import('./lib/run.mjs');
  const folder = workFolder();
  const results = {};
  const scope = new Scope();
  const signal = endOnSignal(scope, 'ending');
  // The first to be deferred is the last to be undone. After a run of its own accord the logs may be wanted.
  scope.defer(() => signal.aborted && rmSync(folder, { recursive: true, force: true }));
  try {
    for (const name of args.systems) {
      const own = new Scope();
      const close = scope.defer(() => own.close());
      const run = { ...args, scope: own, folder: join(folder, name), signal, say: sayer() };
      results[name] = await runSystem(name, run);
      await close();
      process.stdout.write(tell(name, results[name]));
    }
  } finally {
    if (signal.aborted) await new Promise(() => {});
    await scope.close();
  }
  if (args.json) writeFileSync(args.json, `${JSON.stringify(results, null, 1)}\n`);
  if (!Object.values(results).some(failed)) {
    rmSync(folder, { recursive: true });
    return 0;
  }
  process.stdout.write(`The logs of all processes are in ${relative(root, folder)}.\n`);
  return 1;
}

await main(async () => {
  const args = argsOf('chaos', readArgs);
  if (args.help) return void process.stdout.write(help);
  checkNode();
  await npmPackages();
  await typescript();
  return await chaos(args);
});
