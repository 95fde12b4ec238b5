/** Faults at random, and every window asked back. See --help. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Scope } from '../bench/lib/scope.mjs';
import { typescript } from '../scripts/lib/build.mjs';
import { checkNode, npmPackages } from '../scripts/lib/setup.mjs';
import { StepError, main, root } from '../scripts/lib/steps.mjs';
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

/** Ctrl-C: everything is taken away, whatever is under way. */
function endOnSignal(scope, folder) {
  const ending = new AbortController();
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => {
      ending.abort();
      process.stderr.write(`\n${signal}: ending\n`);
      scope
        .close()
        .catch((error) => process.stderr.write(`${error.message}\n`))
        .finally(() => {
          rmSync(folder, { recursive: true, force: true });
          process.exit(status);
        });
    });
  return ending.signal;
}

async function chaos(args) {
  const { runSystem } = await import('./lib/run.mjs');
  const folder = workFolder();
  const results = {};
  const scope = new Scope();
  const signal = endOnSignal(scope, folder);
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
  let args;
  try {
    args = readArgs(process.argv.slice(2));
  } catch (error) {
    throw new StepError(`chaos: ${error.message}`);
  }
  if (args.help) return void process.stdout.write(help);
  checkNode();
  await npmPackages();
  await typescript();
  return await chaos(args);
});
