import { Child } from '../../scripts/lib/child.mjs';

/** A script that answers lines (asked.mjs), on these CPUs only, when it is ready. */
export async function startPinned(scope, cpus, script, args) {
  const flags = ['-c', cpus, process.execPath, script, ...args.map(String)];
  const child = new Child(scope, 'taskset', flags);
  await child.line();
  return child;
}
