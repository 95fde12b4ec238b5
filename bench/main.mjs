/** What the way from the agents to the store costs: runs the parts, prints what came out, writes docs/performance.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { typescript } from '../scripts/lib/build.mjs';
import { checkNode, npmPackages } from '../scripts/lib/setup.mjs';
import { StepError, main, root } from '../scripts/lib/steps.mjs';
import { help, readArgs } from './lib/args.mjs';
import { measuredOn } from './lib/machine.mjs';
import { updatePage } from './lib/page.mjs';
import { endOnSignal, measure, workFolder } from './lib/run.mjs';
import { Scope } from './lib/scope.mjs';

const titles = { wire: 'the wire beside JSON' };

function parse() {
  try {
    return readArgs(process.argv.slice(2));
  } catch (error) {
    throw new StepError(`bench: ${error.message}`);
  }
}

/** The product is loaded once it has been built. Each part is a module of the part's name that says its figures too. */
async function loadParts(names) {
  checkNode();
  await npmPackages();
  await typescript();
  const loaded = await Promise.all(names.map((name) => import(`./parts/${name}.mjs`)));
  return Object.fromEntries(names.map((name, n) => [name, loaded[n]]));
}

await main(async () => {
  const args = parse();
  if (args.help) return void process.stdout.write(help);
  const parts = await loadParts(args.parts);
  const scope = new Scope();
  const ending = endOnSignal(scope, 'ending');
  try {
    const load = Object.fromEntries(args.parts.map((name) => [name, () => parts[name][name]]));
    const verdicts = (name, result) => parts[name].verdicts(result);
    const context = { args, scope, work: workFolder(scope, 'bench-') };
    const results = await measure(context, { titles, load, verdicts });
    const section = (name, result) =>
      [...parts[name].section(result), measuredOn(result.machine)].join('\n\n');
    if (args.json) writeFileSync(args.json, `${JSON.stringify(results, null, 1)}\n`);
    if (args.page) updatePage(join(root, 'docs/performance.md'), 'bench', results, section);
  } finally {
    // What breaks because it is being taken away is no news; the handler of the signal ends the process.
    if (ending.now) await new Promise(() => {});
    await scope.close();
  }
});
