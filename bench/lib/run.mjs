/** What every benchmark's command does around its parts. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOnSignal } from '../../scripts/lib/ending.mjs';
import { argsOf } from '../../scripts/lib/flags.mjs';
import { Scope } from '../../scripts/lib/scope.mjs';
import { main, root, step } from '../../scripts/lib/steps.mjs';
import { machine } from './machine.mjs';
import { updatePage } from './page.mjs';

/** On the same file system as the checkout. What a killed run has left goes first. */
function workFolder(scope, prefix) {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    const pid = name.startsWith(prefix) && name.slice(prefix.length);
    if (pid && /^\d+$/.test(pid) && !existsSync(`/proc/${pid}`))
      rmSync(join(cache, name), { recursive: true });
  }
  const folder = join(cache, `${prefix}${process.pid}`);
  mkdirSync(folder);
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function sayer(title) {
  const tty = process.stderr.isTTY;
  return (text) => process.stderr.write(tty ? `\r\x1b[K… ${title}: ${text}` : '');
}

/**
 * One part after the other; each gives its figures and the machine as it was.
 * @param load by part: how its function is had
 */
async function measure(context, titles, { load, verdicts }) {
  const results = {};
  for (const name of context.args.parts) {
    const run = await load[name]();
    const before = machine();
    await step(titles[name], async () => {
      results[name] = { machine: before, ...(await run({ ...context, say: sayer(titles[name]) })) };
    });
    process.stdout.write(verdicts(name, results[name]));
  }
  return results;
}

/**
 * The whole command, from its flags to the page.
 * @param bench name: of the npm script, and in the page's markers; page: the file; titles: by part; doing: what a signal
 *   begins; setUp(args): builds the product and gives load, verdicts(part, result), section(part, result);
 *   open(scope): what else the parts' context has
 */
export const command = (bench) =>
  main(async () => {
    const args = argsOf(bench.name, bench.readArgs);
    if (args.help) return void process.stdout.write(bench.help);
    const parts = await bench.setUp(args);
    const scope = new Scope();
    const ending = endOnSignal(scope, bench.doing);
    try {
      const more = await bench.open(scope);
      const work = workFolder(scope, `${bench.name.replace(':', '-')}-`);
      const results = await measure({ args, scope, work, ...more }, bench.titles, parts);
      if (args.json) writeFileSync(args.json, `${JSON.stringify(results, null, 1)}\n`);
      if (args.page) updatePage(join(root, bench.page), bench.name, results, parts.section);
    } finally {
      // What breaks because it is being taken away is no news; the handler of the signal ends the process.
      if (ending.aborted) await new Promise(() => {});
      await scope.close();
    }
  });
