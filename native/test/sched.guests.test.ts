/** The kernels of Debian 11, 12 and 13. The guest's own watchdog is off: its thread would be a wait more. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { KERNELS, requirePart, runInGuest, type KernelVersion } from '@dentryscope/lab';
import { compile, scratch } from './support.js';

const measure = fileURLToPath(new URL('sched-measure.mjs', import.meta.url));
const skipped = requirePart('vm');
const timeout = 180_000;
const workload = skipped ? '' : compile(scratch(), 'sched_workload.c');

/** On a busy machine a guest gets the speed of its TSC wrong, and its seconds are minutes (or ms) of ours. */
const steady = 'clocksource=hpet tsc=unstable';
const ROUNDS = 1000;
const WRITERS = 8;
const FROZEN_MS = 300;
const HOG_MS = 500;
const attach = { n: 300, ms: 1200, probes: 8 };
const runs = [
  { op: 'pingpong', cpu: 0, n: ROUNDS },
  { op: 'create', dir: '/data', n: 300 },
  { op: 'frozen', dir: '/data', n: WRITERS, ms: FROZEN_MS },
];

interface Stall {
  kind: string;
  durationNs: string;
  comm: string;
}

interface Run {
  counts: {
    runQueueWaits: string | null;
    runQueueLatencyNs: string | null;
    lockContentions: string | null;
    lockContentionNs: string | null;
    buckets: string[];
  }[];
  lines: string[];
  stalls: Stall[];
  elapsedNs: string;
}

interface Result {
  hooks: { hook: string; backend: string | null; tried: { error: string }[]; missed: string }[];
  runs: Run[];
  jitter: { cpus: number[]; maxLateNs: string[]; notRealtime: string | null; stalls: { cpu: number }[] };
  attach: Stall[];
  hotplug: number[][];
}

async function inGuest(kernel: KernelVersion): Promise<Result> {
  const config = { workload, root: '/sys/fs/cgroup', runs, jitter: { cpu: 1, ms: HOG_MS }, attach };
  const script = `echo 0 > /proc/sys/kernel/watchdog
    echo -1 > /proc/sys/kernel/sched_rt_runtime_us
    exec node ${measure} '${JSON.stringify(config)}'`;
  const { status, stdout, stderr } = await runInGuest(kernel, script, {
    timeoutMs: timeout - 20_000,
    append: steady,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Result;
}

/** Two real-time processes and a byte: a wait a round for each, and the start. */
function expectPingpong({ counts, lines }: Run): void {
  for (const [i, count] of counts.entries()) {
    expect(count.runQueueWaits).toBe(String(ROUNDS + (i === 0 ? 1 : 0)));
    expect(lines[i]?.split(' ')[0]).toBe(count.runQueueWaits);
    expect(count.buckets.reduce((sum, n) => sum + Number(n), 0)).toBe(Number(count.runQueueWaits));
    const waitedNs = Number(lines[i]?.split(' ')[1]);
    // Emulated, between the tracepoint and the scheduler's own look at the clock lie up to 20 µs (200 on a busy machine).
    const off = (Number(count.runQueueLatencyNs) - waitedNs) / ROUNDS;
    expect(Math.abs(off)).toBeLessThan(200_000);
  }
}

function expectLocks(create: Run, frozen: Run): void {
  const [count] = create.counts;
  expect(Number(count!.lockContentions)).toBeGreaterThan(0);
  expect(Number(count!.lockContentionNs)).toBeGreaterThan(0);
  expect(Number(count!.lockContentionNs)).toBeLessThan(4 * Number(create.elapsedNs));
  // Each writer waits once for the frozen file system's lock, no shorter than it was frozen after the last had come.
  const long = frozen.stalls.filter(({ durationNs }) => Number(durationNs) >= FROZEN_MS * 1e6);
  expect(long.map(({ kind, comm }) => `${kind} ${comm}`)).toEqual(
    new Array<string>(WRITERS).fill('lock_contention sched_workload'),
  );
}

function expectNoLocks(result: Result): void {
  const hook = result.hooks.find((one) => one.hook === 'lock_contention');
  expect(hook).toMatchObject({
    backend: null,
    tried: [{ error: 'this kernel has no tracepoint lock:contention_begin (Linux before 5.19)' }],
  });
  for (const { counts } of result.runs)
    for (const count of counts)
      expect(count).toMatchObject({ lockContentions: null, lockContentionNs: null });
}

describe.skipIf(skipped).each(KERNELS)('Linux %s', (kernel) => {
  it('counts waits for CPUs and locks, and sees CPUs that are kept or taken away', { timeout }, async () => {
    const result = await inGuest(kernel);
    const [pingpong, create, frozen] = result.runs as [Run, Run, Run];
    expectPingpong(pingpong);
    if (kernel === '5.10') expectNoLocks(result);
    else expectLocks(create, frozen);
    expect(result.hooks.map(({ missed }) => missed)).toEqual(['0', '0']);
    expect(result.jitter).toMatchObject({ cpus: [0, 1], notRealtime: null, stalls: [{ cpu: 1 }] });
    // Less a period of 10 ms, before which no timer was due, and one more for the emulated clocks' grain.
    expect(Number(result.jitter.maxLateNs[1])).toBeGreaterThanOrEqual((HOG_MS - 20) * 1e6);
    expect(result.attach).toEqual([]);
    expect(result.hotplug).toEqual([[0, 1], [0], [0, 1]]);
  });
});
