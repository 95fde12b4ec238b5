/** What the kernel side costs: runs the parts, prints what came out, and writes docs/overhead.md. See --help. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { build } from '../../scripts/lib/build.mjs';
import { checkNode, npmPackages, systemPackages } from '../../scripts/lib/setup.mjs';
import { StepError, main, root } from '../../scripts/lib/steps.mjs';
import { help, readArgs } from './lib/args.mjs';
import { cgroupFolder } from './lib/cgroups.mjs';
import { updatePage } from '../lib/page.mjs';
import { verdicts } from './lib/report.mjs';
import { endOnSignal, measure, workFolder } from '../lib/run.mjs';
import { Scope } from '../lib/scope.mjs';
import { needsRoot, programs } from './lib/setup.mjs';
import { section } from './lib/tables.mjs';

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
  const ending = endOnSignal(scope, 'detaching, removing cgroups');
  try {
    const folder = await cgroupFolder(scope);
    const context = { args, scope, folder, work: workFolder(scope, 'bench-kernel-') };
    const results = await measure(context, { titles, load, verdicts });
    if (args.json) writeFileSync(args.json, `${JSON.stringify(results, null, 1)}\n`);
    if (args.page) updatePage(join(root, 'docs/overhead.md'), 'bench:kernel', results, section);
  } finally {
    // What breaks because it is being taken away is no news; the handler of the signal ends the process.
    if (ending.now) await new Promise(() => {});
    await scope.close();
  }
});
