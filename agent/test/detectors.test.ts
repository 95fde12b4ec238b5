/** Watchdogs that do not run have nothing to count. /proc and /sys are the test's own: a kernel's can't be without one. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KernelLogSignal } from '../src/signals/kernel-log.js';

const running = {
  'proc/sys/kernel/soft_watchdog': 1,
  'proc/sys/kernel/nmi_watchdog': 1,
  'proc/sys/kernel/hung_task_timeout_secs': 120,
  'proc/sys/kernel/hung_task_warnings': 10,
  'sys/module/rcupdate/parameters/rcu_cpu_stall_suppress': 0,
};
const none = { softlockups: 0n, hardlockups: 0n, rcuStalls: 0n, hungTasks: 0n };

let root: string;
let signal: KernelLogSignal;

/** undefined: no such file. */
function write(files: Record<string, number | undefined>): void {
  for (const [path, value] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (value === undefined) rmSync(file);
    else writeFileSync(file, `${value}\n`);
  }
}

function begin(files: Record<string, number | undefined> = {}): void {
  write(running);
  write(files);
  signal = new KernelLogSignal({ procRoot: join(root, 'proc'), sysRoot: join(root, 'sys'), path: log() });
}

/** Read as /dev/kmsg, of which an ordinary file gives all lines at once. */
const log = () => {
  writeFileSync(join(root, 'kmsg'), '');
  return join(root, 'kmsg');
};

function window() {
  const sample = signal.sample();
  sample.keep();
  return sample.state;
}

beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'dentryscope-detectors-'))));
afterEach(() => {
  signal.close();
  rmSync(root, { recursive: true });
});

describe('a detector that', () => {
  it('runs counts from 0', () => {
    begin();
    expect(window()).toEqual(none);
    expect(signal.problems()).toEqual([]);
  });

  const off = [
    ['softlockups', 'proc/sys/kernel/soft_watchdog', 0],
    ['hardlockups', 'proc/sys/kernel/nmi_watchdog', 0],
    ['rcuStalls', 'sys/module/rcupdate/parameters/rcu_cpu_stall_suppress', 1],
    ['hungTasks', 'proc/sys/kernel/hung_task_timeout_secs', 0],
    ['hungTasks', 'proc/sys/kernel/hung_task_warnings', 0],
  ] as const;

  it.each(off)('is off leaves %s out, by %s', (field, path, value) => {
    begin({ [path]: value });
    expect(window()).toEqual({ ...none, [field]: undefined });
    expect(signal.problems()).toEqual([`${field} are not measured: /${path} is ${value}`]);
  });

  it.each(off)('is not built leaves %s out, by %s', (field, path) => {
    begin({ [path]: undefined });
    expect(window()).toEqual({ ...none, [field]: undefined });
    expect(signal.problems()).toEqual([`${field} are not measured: this kernel has no /${path}`]);
  });

  it.each(off)('cannot be asked leaves %s out and is not called unbuilt, by %s', (field, path) => {
    begin({ [path]: undefined });
    // Whoever runs this may be root, whom no mode refuses.
    mkdirSync(join(root, path));
    expect(window()).toEqual({ ...none, [field]: undefined });
    expect(signal.problems()).toEqual([`${field} are not measured: /${path} could not be read: EISDIR`]);
  });

  it('was off at the begin of a window, or at its end, did not see all of it', () => {
    begin();
    expect(window()?.softlockups).toBe(0n);
    write({ 'proc/sys/kernel/soft_watchdog': 0 });
    expect(window()?.softlockups).toBeUndefined();
    write({ 'proc/sys/kernel/soft_watchdog': 1 });
    expect(window()?.softlockups).toBeUndefined();
    expect(window()?.softlockups).toBe(0n);
    expect(signal.problems()).toEqual([]);
  });

  it('has found hung tasks while no agent was there tells them to the next', () => {
    const found = 'proc/sys/kernel/hung_task_detect_count';
    begin({ [found]: 7 });
    signal.close();
    const roots = { procRoot: join(root, 'proc'), sysRoot: join(root, 'sys'), path: join(root, 'kmsg') };
    signal = new KernelLogSignal({ ...roots, last: { sequence: 5n, hungTasks: 4n } });
    expect(window()?.hungTasks).toBe(3n);
    expect(window()?.hungTasks).toBe(0n);
    expect(signal.sample().notes).toEqual({ kernelLog: { sequence: 5n, hungTasks: 7n } });
  });

  it('counts hung tasks itself is believed, also when it has fallen silent', () => {
    const found = 'proc/sys/kernel/hung_task_detect_count';
    begin({ [found]: 7, 'proc/sys/kernel/hung_task_warnings': 0 });
    expect(window()).toEqual(none);
    write({ [found]: 12 });
    // Not kept, so told again.
    expect(signal.sample().state?.hungTasks).toBe(5n);
    expect(window()?.hungTasks).toBe(5n);
    expect(window()?.hungTasks).toBe(0n);
    // Somebody set it to 0.
    write({ [found]: 2 });
    expect(window()?.hungTasks).toBe(2n);
    write({ 'proc/sys/kernel/hung_task_timeout_secs': 0 });
    expect(window()?.hungTasks).toBeUndefined();
  });
});

it('a report whose stack has not come when the agent ends is in its last window', () => {
  begin();
  appendFileSync(
    join(root, 'kmsg'),
    '0,1,100,-;watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [umount:9]\n',
  );
  expect(window()?.softlockups).toBe(0n);
  signal.finish();
  expect(window()?.softlockups).toBe(1n);
});
