/** What every benchmark's command does around its parts. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, step } from '../../scripts/lib/steps.mjs';
import { machine } from './machine.mjs';

/** On the same file system as the checkout. What a killed run has left goes first. */
export function workFolder(scope, prefix) {
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
 * @param load by part: the part's function, which is loaded once the product has been built
 */
export async function measure(context, { titles, load, verdicts }) {
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

/** Ctrl-C: everything is taken away again, whatever is under way. */
export function endOnSignal(scope, doing) {
  const ending = { now: false };
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => {
      ending.now = true;
      process.stderr.write(`\n${signal}: ${doing}\n`);
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
