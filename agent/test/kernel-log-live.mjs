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
const plain = (_, value) => (typeof value === 'bigint' ? String(value) : value);
const out = { hooks: signal.hooks(), problems: signal.problems(), sample, again, kept, nowMs: Date.now() };
process.stdout.write(`${JSON.stringify(out, plain)}\n`);
signal.close();
