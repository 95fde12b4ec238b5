/**
 * In a guest: the agent's own signal over stalls that are provoked. Prints what a window would say.
 *
 *   node kernel-log-live.mjs BRAKE BRAKE-OBJECT
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { KernelLogSignal } from '../dist/signals/kernel-log.js';

const [brake, object] = process.argv.slice(2);
writeFileSync('/dev/kmsg', '<1>watchdog: BUG: soft lockup - CPU#0 stuck for 99s! [before:1]\n');
const signal = new KernelLogSignal({ procRoot: '/proc' });
execFileSync(brake, [object, '5', 'umount', '/data'], { stdio: 'inherit' });
const sample = signal.sample();
const again = signal.sample();
sample.keep();
const kept = signal.sample();
const told = { hooks: signal.hooks(), problems: signal.problems() };
signal.close();
// While no agent is there.
writeFileSync('/dev/kmsg', '<1>watchdog: BUG: soft lockup - CPU#0 stuck for 77s! [away:1]\n');
const [next, first] = [kept.notes.kernelLog, undefined].map((last) => {
  const other = new KernelLogSignal({ procRoot: '/proc', last });
  other.finish();
  const { state, fields } = other.sample();
  other.close();
  return { state, fields };
});
const plain = (_, value) => (typeof value === 'bigint' ? String(value) : value);
const out = { ...told, sample, again, kept, next, first, nowMs: Date.now() };
process.stdout.write(`${JSON.stringify(out, plain)}\n`);
