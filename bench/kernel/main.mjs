/** What the kernel side costs: runs the parts, prints what came out, and writes docs/overhead.md. See --help. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { build } from '../../scripts/lib/build.mjs';
import { checkNode, npmPackages, systemPackages } from '../../scripts/lib/setup.mjs';
import { StepError, main, root, step } from '../../scripts/lib/steps.mjs';
import { help, readArgs } from './lib/args.mjs';
import { cgroupFolder } from './lib/cgroups.mjs';
import { machine } from './lib/machine.mjs';
import { updatePage } from './lib/page.mjs';
import { verdicts } from './lib/report.mjs';
import { Scope } from './lib/scope.mjs';
import { needsRoot, programs } from './lib/setup.mjs';

const titles = {
  cost: 'cost of an event inside the program',
  storm: 'storm of failed lookups',
  drain: 'reading the counts',
  agent: 'the agent at work',
};

/** The product is loaded once it has been built. */
const load = {
  cost: async () => (await import('./parts/cost.mjs')).cost,
  storm: async () => (await import('./parts/storm.mjs')).storm,
  drain: async () => (await import('./parts/drain.mjs')).drain,
  agent: async () => (await import('./parts/agent.mjs')).agent,
};

async function setUp() {
  checkNode();
  needsRoot();
  await systemPackages('demo');
  await npmPackages();
  await build();
  await programs();
}

const WORK = 'bench-kernel-';

/** On the same file system as the checkout. What a killed run has left goes first. */
function workFolder(scope) {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    const pid = name.startsWith(WORK) && name.slice(WORK.length);
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(cache, name), { recursive: true });
  }
  const folder = join(cache, `${WORK}${process.pid}`);
  mkdirSync(folder);
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function sayer(title) {
  const tty = process.stderr.isTTY;
  return (text) => process.stderr.write(tty ? `\r\x1b[K… ${title}: ${text}` : '');
}

/** One part after the other; each gives its figures and the machine as it was. */
async function measure(args, scope) {
  const context = { args, scope, folder: await cgroupFolder(scope), work: workFolder(scope) };
  const results = {};
  for (const name of args.parts) {
    const run = await load[name]();
    const before = machine();
    await step(titles[name], async () => {
      results[name] = { machine: before, ...(await run({ ...context, say: sayer(titles[name]) })) };
    });
    process.stdout.write(verdicts(name, results[name]));
  }
  return results;
}

/** Ctrl-C: everything is taken away again, whatever is under way. */
function endOnSignal(scope) {
  const ending = { now: false };
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => {
      ending.now = true;
      process.stderr.write(`\n${signal}: detaching, removing cgroups\n`);
      scope.close().then(
        () => process.exit(status),
        (error) => {
          process.stderr.write(`${error.message}\n`);
          process.exit(status);
        },
      );
    });
  return ending;
}

function parse() {
  try {
    return readArgs(process.argv.slice(2), availableParallelism());
  } catch (error) {
    throw new StepError(`bench:kernel: ${error.message}`);
  }
}

await main(async () => {
  const args = parse();
  if (args.help) return void process.stdout.write(help);
  await setUp();
  const scope = new Scope();
  const ending = endOnSignal(scope);
  try {
    const results = await measure(args, scope);
    if (args.json) writeFileSync(args.json, `${JSON.stringify(results, null, 1)}\n`);
    if (args.page) updatePage(join(root, 'docs/overhead.md'), results);
  } finally {
    // What breaks because it is being taken away is no news; the handler of the signal ends the process.
    if (ending.now) await new Promise(() => {});
    await scope.close();
  }
});
