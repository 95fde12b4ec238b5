/** Waits on this machine's own kernel. What the scheduler itself counted (/proc/PID/schedstat) is the truth. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { SchedProbe, TimerJitter, waitBoundsNs } from '@dentryscope/native';
import { makeCgroup } from './measure.mjs';
import { measureJitter, measureSched } from './sched-measure.mjs';
import { cgroup2, compile, mounted, scratch } from './support.js';

const ROUNDS = 2000;

function withoutTracepoints(): string | undefined {
  const probe = SchedProbe.open();
  const [queue] = probe.hooks;
  probe.close();
  if (queue?.backend) return undefined;
  const reason = `run_queue: ${queue?.tried.map(({ error }) => error).join('; ')}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return reason;
}

const skipped = withoutTracepoints();

/** A cgroup of a hierarchy that has this controller. */
function cgroupWith(controller: string) {
  const v1 = mounted('cgroup', controller);
  const root = v1 ?? cgroup2();
  if (v1 === undefined) writeFileSync(join(root, 'cgroup.subtree_control'), `+${controller}`);
  return makeCgroup(root);
}

/** A cgroup whose tasks may run on `cpus` only. */
function cpusetOf(cpus: string) {
  const cgroup = cgroupWith('cpuset');
  writeFileSync(join(cgroup.path, 'cpuset.cpus'), cpus);
  writeFileSync(join(cgroup.path, 'cpuset.mems'), '0');
  return cgroup;
}

describe.skipIf(skipped)('on this kernel', () => {
  const dir = scratch();
  const workload = skipped ? '' : compile(dir, 'sched_workload.c');
  const root = skipped ? '' : cgroup2();
  const measure = (open: object, ...runs: object[]) => measureSched({ workload, root, open, runs });

  it('counts the waits of two processes of two cgroups as the scheduler does', async () => {
    const { runs, hooks } = await measure({}, { op: 'pingpong', cpu: 0, n: ROUNDS });
    const { counts, lines } = runs[0]!;
    for (const [i, count] of counts.entries()) {
      const [times, waitedNs] = (lines[i] ?? '').split(' ').map(BigInt) as [bigint, bigint];
      expect(count.runQueueWaits).toBe(times);
      // Each round is a wait of either; the start is one more of the first. The kernel's own highest may come between.
      expect(times).toBeGreaterThanOrEqual(BigInt(ROUNDS + (i === 0 ? 1 : 0)));
      expect(count.buckets.reduce((sum, n) => sum + n, 0n)).toBe(times);
      // The tracepoint fires a little before, and after, the scheduler looks at its clock: 5 µs a wait at most.
      const off = Number(count.runQueueLatencyNs! - waitedNs) / Number(times);
      expect(Math.abs(off)).toBeLessThan(5_000);
    }
    expect(hooks.map(({ missed }) => missed)).toEqual([0n, 0n]);
  });

  it('tells a wait beyond the threshold as an event, each once', async () => {
    const { runs } = await measure({ runQueueStallNs: 1n }, { op: 'pingpong', cpu: 0, n: 100 });
    const { counts, stalls } = runs[0]!;
    const waits = stalls.filter(({ kind }) => kind === 'run_queue');
    expect(BigInt(waits.length)).toBe(counts[0]!.runQueueWaits! + counts[1]!.runQueueWaits!);
    const ns = waits.reduce((sum, { durationNs }) => sum + durationNs, 0n);
    expect(ns).toBe(counts[0]!.runQueueLatencyNs! + counts[1]!.runQueueLatencyNs!);
    expect(waits[0]).toMatchObject({ comm: 'sched_workload', cpu: 0 });
  });

  it('counts waits for the lock of a directory that four processes write', async () => {
    const { runs } = await measure({ lockStallNs: 1n }, { op: 'create', dir, n: 2000 });
    const [count] = runs[0]!.counts;
    const told = runs[0]!.stalls.filter(({ kind }) => kind === 'lock_contention');
    expect(count!.lockContentions).toBeGreaterThan(0n);
    expect(count!.lockContentionNs).toBeGreaterThan(0n);
    // Four that wait all the time.
    expect(count!.lockContentionNs).toBeLessThan(4n * runs[0]!.elapsedNs);
    expect(BigInt(told.length)).toBe(count!.lockContentions);
    expect(told.reduce((sum, { durationNs }) => sum + durationNs, 0n)).toBe(count!.lockContentionNs);
  });

  it('puts what finds no place into the overflow', async () => {
    const probe = SchedProbe.open({ maxCgroups: 1 });
    try {
      execFileSync('true');
      const { ids, columns } = probe.drain();
      expect(ids.at(-1)).toBe(0n);
      expect(ids.length).toBeLessThanOrEqual(2);
      expect(columns.runQueueWaits).toHaveLength(ids.length);
    } finally {
      probe.close();
    }
  });

  it('keeps no mark of a thread that takes its leader’s number as it starts a program', () => {
    const maxThreads = 512;
    const probe = SchedProbe.open({ maxThreads });
    try {
      // Each would leave one, and the machine's other threads have theirs.
      execFileSync(workload, ['exec', String(2 * maxThreads)]);
      expect(probe.hooks.find(({ hook }) => hook === 'run_queue')?.missed).toBe(0n);
    } finally {
      probe.close();
    }
  });

  it('sees how long a CPU was kept, on that CPU', async () => {
    const periodNs = 10_000_000n;
    const sample = await measureJitter({ workload, cpu: 1, ms: 400, periodNs, stallNs: 200_000_000n });
    expect(sample).toMatchObject({ cpus: [0, 1], unseen: [], notRealtime: null });
    // A timer that was due within a period of the beginning came at the end; what it then waits is the scheduler's.
    expect(sample.maxLateNs[1]).toBeGreaterThanOrEqual(400_000_000n - periodNs);
    expect(sample.maxLateNs[1]).toBeLessThan(600_000_000n);
    expect(sample.stalls).toEqual([
      { cpu: 1, dueNs: expect.any(BigInt) as bigint, lateNs: sample.maxLateNs[1] },
    ]);
  });
});

describe('timer threads', () => {
  const threads = () =>
    readFileSync('/proc/self/status', 'utf8')
      .match(/^Threads:\t(\d+)$/m)!
      .map(Number)[1]!;

  it('end at close', () => {
    const before = threads();
    const jitter = new TimerJitter({ periodNs: 10_000_000n });
    expect(threads()).toBeGreaterThan(before);
    jitter.close();
    expect(threads()).toBe(before);
    expect(() => jitter.drain()).toThrow('closed');
    jitter.close();
  });

  it('end with a worker that is terminated', async () => {
    const before = threads();
    const url = new URL('../dist/index.js', import.meta.url).href;
    const script = `import(${JSON.stringify(url)}).then(({ TimerJitter }) => {
      globalThis.kept = new TimerJitter({ periodNs: 10_000_000n });
      require('node:worker_threads').parentPort.postMessage(1);
      setInterval(() => {}, 1000);
    })`;
    const worker = new Worker(script, { eval: true });
    await once(worker, 'message');
    await worker.terminate();
    expect(threads()).toBe(before);
  });

  it('leave out a CPU that the cpuset of the process has not', async () => {
    const cpuset = cpusetOf('0');
    const script = `import { TimerJitter } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
      const jitter = new TimerJitter({ periodNs: 5_000_000n });
      setTimeout(() => {
        const { cpus, unseen } = jitter.drain();
        console.log(JSON.stringify({ cpus, unseen }));
        jitter.close();
      }, 100);`;
    const enter = ['-c', `echo $$ > ${cpuset.procs} && exec node --input-type=module -e "$0"`, script];
    try {
      expect(JSON.parse(execFileSync('sh', enter).toString())).toEqual({ cpus: [0], unseen: [1] });
    } finally {
      await cpuset.remove();
    }
  });

  it('tell a CPU for which no thread can be made', async () => {
    const pids = cgroupWith('pids');
    const script = `import { readFileSync, writeFileSync } from 'node:fs';
      import { TimerJitter } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
      new TimerJitter({ periodNs: 5_000_000n }).close();
      writeFileSync('${pids.path}/pids.max', readFileSync('${pids.path}/pids.current'));
      const jitter = new TimerJitter({ periodNs: 5_000_000n });
      const { cpus, unseen } = jitter.drain();
      console.log(JSON.stringify({ cpus, unseen }));
      jitter.close();`;
    const enter = ['-c', `echo $$ > ${pids.procs} && exec node --input-type=module -e "$0"`, script];
    try {
      expect(JSON.parse(execFileSync('sh', enter).toString())).toEqual({ cpus: [], unseen: [0, 1] });
    } finally {
      await pids.remove();
    }
  });

  it('refuse options that make no sense', () => {
    expect(() => new TimerJitter({ periodNs: 0n })).toThrow(RangeError);
    expect(waitBoundsNs).toHaveLength(15);
  });
});

it('the layout of the buckets is that of the kernel side', () => {
  const header = readFileSync(join(import.meta.dirname, '../../bpf/include/dentryscope.h'), 'utf8');
  const define = (name: string) => Number(new RegExp(`#define ${name} (\\d+)`).exec(header)?.[1]);
  expect(waitBoundsNs).toHaveLength(define('DS_WAIT_BUCKETS') - 1);
  expect(waitBoundsNs[0]).toBe(1n << BigInt(define('DS_WAIT_SHIFT')));
});
