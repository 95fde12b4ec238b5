/**
 * Runs workloads in cgroups of their own under a probe, and tells what was counted. Tests use it on this machine and,
 * as a script, in guest kernels:
 *
 *   node measure.mjs '[{"workload": "/path/of/workload", "opens": [{"backends": ["kprobe"]}], "runs": [
 *     {"name": "miss", "roots": ["/sys/fs/cgroup"], "work": [{"op": "miss", "n": 1000, "dir": "/data"}]}]}]'
 *
 * A run makes one cgroup below each of `roots`; each process of `work` enters all of them (`apart`: the one at its place). `limitBytes` bounds the
 * memory of the first (v1) and lets allocations beyond it fail. Prints one line of JSON, 64-bit numbers as strings.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { cgroupIdOf, DentryProbe } from '@dentryscope/native';

let made = 0;

async function removeCgroup(path) {
  for (let i = 0; ; i += 1) {
    try {
      return rmdirSync(path);
    } catch (error) {
      // Its last process is not reaped yet.
      if (error.code !== 'EBUSY' || i > 100) throw error;
      await sleep(20);
    }
  }
}

/** A fresh cgroup below `root`. */
export function makeCgroup(root) {
  const path = join(root, `dentryscope-test-${process.pid}-${(made += 1)}`);
  mkdirSync(path);
  return { path, id: cgroupIdOf(path), procs: join(path, 'cgroup.procs'), remove: () => removeCgroup(path) };
}

/** Runs the C program; gives what it tells: failed operations, and how dentry-state changed. */
export async function work(binary, { op, n, dir, names, cpu }, cgroups) {
  const pinned = cpu === undefined ? [binary] : ['taskset', '-c', String(cpu), binary];
  const [command, ...args] = [...pinned, op, String(n), dir, ...cgroups.map(({ procs }) => procs)];
  const env = names === undefined ? process.env : { ...process.env, NAMES: names };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const [[code, signal], told] = await Promise.all([once(child, 'exit'), text(child.stdout)]);
  if (code !== 0) throw new Error(`workload ${op} ended with ${code ?? signal}`);
  return JSON.parse(told);
}

/** What `drained` says of a cgroup, counter by counter; 0 when it has no entry, null when no backend sees it. */
export function countsOf({ ids, columns }, id) {
  const row = ids.indexOf(id);
  const read = (column) => (column === null ? null : row < 0 ? 0n : column[row]);
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, read(column)]));
}

/** Allocated - freed - nr_dentry: constant when nothing is lost. Null when allocations or frees are not seen. */
function unexplained(probe) {
  const { allocatedAll, freedAll } = probe.drain().totals;
  if (allocatedAll === null || freedAll === null) return null;
  return allocatedAll - freedAll - BigInt(readFileSync('/proc/sys/fs/dentry-state', 'utf8').split(/\s/)[0]);
}

/** The slab tracepoint sees frees after an RCU grace period: waits until they have stopped coming. */
async function settled(probe) {
  let last = unexplained(probe);
  for (let same = 0; last !== null && same < 5;) {
    await sleep(50);
    const now = unexplained(probe);
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

async function settledAll(probes) {
  const all = [];
  for (const probe of probes) all.push(await settled(probe));
  return all;
}

/** Counts by probe, in the order of `work`: each in all of the run's cgroups, or, with `apart`, in one of its own. */
async function measureOne(probes, binary, run) {
  const cgroups = run.roots.map(makeCgroup);
  if (run.limitBytes) {
    writeFileSync(join(cgroups[0].path, 'memory.limit_in_bytes'), String(run.limitBytes));
    writeFileSync(join(cgroups[0].path, 'memory.oom_control'), '1');
  }
  try {
    const told = await Promise.all(
      run.work.map((item, i) => work(binary, item, run.apart ? [cgroups[i]] : cgroups)),
    );
    const drained = probes.map((probe) => probe.drain());
    const counts = drained.map((one) => cgroups.map(({ id }) => countsOf(one, id)));
    const failed = told.reduce((sum, one) => sum + one.failed, 0);
    return { name: run.name, counts, failed, states: told };
  } finally {
    for (const cgroup of cgroups) await cgroup.remove();
  }
}

/** What else runs may disturb a measurement: then it is made again, at most `most` times. What is wrong is so each time. */
export async function undisturbed(attempt, isDisturbed, most = 5) {
  for (let attempts = 1; ; attempts += 1) {
    const result = await attempt();
    if (attempts === most || !isDisturbed(result)) return { result, attempts };
  }
}

/** A task that is moved while it runs may have to let its CPU go (workload_moved.h): then that was not measured. */
async function measureRun(probes, binary, run) {
  const leftCpu = ({ states }) => states.some(({ switches }) => switches > 0);
  const { result, attempts } = await undisturbed(() => measureOne(probes, binary, run), leftCpu);
  return { ...result, attempts };
}

const lostOf = (before, after) => (before === null || after === null ? null : after - before);

/** All of `opens` look on at the same runs. What each of them saw, in its place. */
export async function measure({ workload, opens = [{}], runs }) {
  const probes = [];
  try {
    for (const open of opens) probes.push(DentryProbe.open(open));
    const before = await settledAll(probes);
    const results = [];
    for (const run of runs) results.push(await measureRun(probes, workload, run));
    const after = await settledAll(probes);
    return probes.map((probe, i) => ({
      runs: results.map((run) => ({ ...run, counts: run.counts[i] })),
      unexplained: lostOf(before[i], after[i]),
      hooks: probe.hooks,
      events: probe.pollCgroupEvents(),
    }));
  } finally {
    for (const probe of probes) probe.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const results = [];
  for (const config of JSON.parse(process.argv[2])) results.push(...(await measure(config)));
  const json = JSON.stringify(results, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  process.stdout.write(`${json}\n`);
}
