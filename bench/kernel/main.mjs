/** What the kernel side costs: runs the parts, prints what came out, and writes docs/overhead.md. See --help. */
import { availableParallelism } from 'node:os';
import { build } from '../../scripts/lib/build.mjs';
import { checkNode, npmPackages, systemPackages } from '../../scripts/lib/setup.mjs';
import { command } from '../lib/run.mjs';
import { help, readArgs } from './lib/args.mjs';
import { cgroupFolder } from './lib/cgroups.mjs';
import { verdicts } from './lib/report.mjs';
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
  return { load, verdicts, section };
}

await command({
  name: 'bench:kernel',
  help,
  readArgs: (args) => readArgs(args, availableParallelism()),
  page: 'docs/overhead.md',
  titles,
  doing: 'detaching, removing cgroups',
  setUp,
  open: async (scope) => ({ folder: await cgroupFolder(scope) }),
});
