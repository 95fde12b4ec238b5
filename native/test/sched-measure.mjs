/**
 * Workloads whose waits are known, under a SchedProbe. Tests use it on this machine and, as a script, in guest kernels:
 *
 *   node sched-measure.mjs '{"workload": "/path/of/sched_workload", "root": "/sys/fs/cgroup", "runs": [...]}'
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { SchedProbe, TimerJitter } from '@dentryscope/native';
import { makeCgroup, undisturbed } from './measure.mjs';

const BUCKETS = 16;

/** What `drained` says of a cgroup: 0 where it has no entry, null for what no program sees. */
function rowOf(drained, id) {
  const row = drained.ids.indexOf(id);
  const read = (column) => (column === null ? null : row < 0 ? 0n : column[row]);
  const { buckets } = drained;
  return {
    ...Object.fromEntries(Object.entries(drained.columns).map(([name, column]) => [name, read(column)])),
    buckets: buckets && row >= 0 ? [...buckets.subarray(row * BUCKETS, (row + 1) * BUCKETS)] : [],
  };
}

const less = (after, before) =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => {
      if (value === null) return [name, null];
      if (name !== 'buckets') return [name, value - before[name]];
      return [name, value.map((n, i) => n - (before.buckets[i] ?? 0n))];
    }),
  );

/** The program, line by line: `ready` is its barrier. */
class Workload {
  constructor(binary, args) {
    this.child = spawn(binary, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
    this.exited = once(this.child, 'exit');
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** @returns the lines before the barrier */
  async ready() {
    const lines = [];
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error(`the workload ended: ${(await this.exited).join(' ')}`);
      if (value === 'ready') return lines;
      lines.push(value);
    }
  }

  go() {
    this.child.stdin.write('\n');
  }

  async end() {
    this.go();
    const [code] = await this.exited;
    if (code !== 0) throw new Error(`the workload ended with ${code}`);
  }
}

/** Counts of the cgroups between the program's two barriers, and what it says of itself. */
async function between(probe, binary, args, cgroups, meanwhile = async () => {}) {
  const workload = new Workload(binary, args);
  await workload.ready();
  const before = probe.drain();
  probe.pollStalls();
  const startNs = process.hrtime.bigint();
  workload.go();
  await meanwhile();
  const lines = await workload.ready();
  const after = probe.drain();
  const elapsedNs = process.hrtime.bigint() - startNs;
  const stalls = probe.pollStalls();
  await workload.end();
  const counts = cgroups.map(({ id }) => less(rowOf(after, id), rowOf(before, id)));
  return {
    counts,
    lines,
    stalls: stalls.filter(({ cgroupId }) => cgroups.some(({ id }) => id === cgroupId)),
    elapsedNs,
  };
}

const ops = {
  /** What comes above real-time tasks makes one of them wait once more, by the scheduler's own count: then it is made again. */
  pingpong: async ({ cpu, n }, probe, binary, [a, b]) => {
    const args = ['pingpong', cpu, n, a.procs, b.procs];
    const waitedMore = ({ lines }) =>
      [n + 1, n].some((waits, i) => Number(lines[i]?.split(' ')[0]) !== waits);
    const { result } = await undisturbed(() => between(probe, binary, args, [a, b]), waitedMore);
    return result;
  },
  create: ({ dir, n }, probe, binary, [a]) => between(probe, binary, ['create', dir, n, a.procs], [a]),
  /** Thawed `ms` after all of them wait. */
  frozen: async ({ dir, n, ms }, probe, binary, [a]) => {
    execFileSync('fsfreeze', ['-f', dir]);
    return between(probe, binary, ['frozen', `${dir}/late`, n, a.procs], [a], async () => {
      await sleep(ms);
      execFileSync('fsfreeze', ['-u', dir]);
    });
  },
};

export async function measureSched({ workload, root, open, runs }) {
  const probe = SchedProbe.open(open);
  const cgroups = [makeCgroup(root), makeCgroup(root)];
  try {
    const results = [];
    for (const run of runs) results.push(await ops[run.op](run, probe, workload, cgroups));
    return { hooks: probe.hooks, runs: results };
  } finally {
    probe.close();
    for (const cgroup of cgroups) await cgroup.remove();
  }
}

/** How late the timer of a CPU comes that a real-time process keeps for `ms`. */
export async function measureJitter({ workload, cpu, ms, periodNs, stallNs }) {
  const jitter = new TimerJitter({ periodNs, stallNs });
  try {
    await sleep(50);
    jitter.drain();
    const [code] = await once(
      spawn(workload, ['hog', String(cpu), String(ms)], { stdio: 'inherit' }),
      'exit',
    );
    if (code !== 0) throw new Error(`hog ended with ${code}`);
    await sleep(50);
    return jitter.drain();
  } finally {
    jitter.close();
  }
}

/**
 * Attaches several probes while many threads wake up. @returns the waits that were told as long as the threads sleep: a
 * wait that began before its end could be seen would last until the next one
 */
async function measureAttach({ workload, n, ms, probes }) {
  const sleepers = new Workload(workload, ['sleepers', n, ms]);
  await sleepers.ready();
  const open = Array.from({ length: probes }, () =>
    SchedProbe.open({ runQueueStallNs: BigInt(ms) * 1_000_000n }),
  );
  await sleep(1.5 * ms);
  const stalls = open.flatMap((probe) => probe.pollStalls());
  for (const probe of open) probe.close();
  await sleepers.end();
  return stalls.filter(({ kind, comm }) => kind === 'run_queue' && comm === 'sched_workload');
}

const cpuOnline = (cpu, on) => writeFileSync(`/sys/devices/system/cpu/cpu${cpu}/online`, on ? '1' : '0');

/** Waits until the timers see just `cpus`. */
async function untilSeen(jitter, cpus) {
  for (let i = 0; ; i += 1) {
    const seen = jitter.drain().cpus;
    if (seen.join() === cpus.join()) return seen;
    if (i > 200) throw new Error(`the timers see CPU ${seen}, not ${cpus}`);
    await sleep(50);
  }
}

/**
 * Which CPUs the timers see while CPU 1 is taken away and given back. Rarely woken: a real-time thread that is
 * runnable at the moment its CPU goes makes Linux 5.10 stop for ever (docs/kernel-notes.md).
 */
async function measureHotplug() {
  const jitter = new TimerJitter({ periodNs: 500_000_000n });
  try {
    const before = await untilSeen(jitter, [0, 1]);
    cpuOnline(1, false);
    const without = await untilSeen(jitter, [0]);
    cpuOnline(1, true);
    return [before, without, await untilSeen(jitter, [0, 1])];
  } finally {
    jitter.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const config = JSON.parse(process.argv[2]);
  const result = {
    ...(await measureSched(config)),
    jitter: await measureJitter({
      ...config.jitter,
      workload: config.workload,
      periodNs: 10_000_000n,
      stallNs: 200_000_000n,
    }),
    attach: await measureAttach({ ...config.attach, workload: config.workload }),
    hotplug: await measureHotplug(),
  };
  const plain = (_, value) =>
    typeof value === 'bigint' ? String(value) : value instanceof BigUint64Array ? [...value] : value;
  process.stdout.write(`${JSON.stringify(result, plain)}\n`);
}
