/**
 * Runs workloads, each in a cgroup of its own, under a probe, and tells what was counted. Used by the tests on this
 * machine, and as a script in guest kernels:
 *
 *   node measure.mjs '{"workload": "/path/of/the/binary", "root": "/sys/fs/cgroup", "open": {"backends": ["kprobe"]},
 *                      "runs": [{"op": "miss", "n": 1000, "dir": "/data"}]}'
 *
 * prints one line of JSON, 64-bit numbers as strings.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { cgroupIdOf, DentryProbe } from '@dentryscope/native';

let made = 0;

/** A fresh cgroup below `root`; a cgroup can be removed only when its last process is reaped. */
export function makeCgroup(root) {
  const path = join(root, `dentryscope-test-${process.pid}-${(made += 1)}`);
  mkdirSync(path);
  const remove = async () => {
    for (let i = 0; ; i += 1) {
      try {
        return rmdirSync(path);
      } catch (error) {
        if (error.code !== 'EBUSY' || i > 100) throw error;
        await sleep(20);
      }
    }
  };
  return { path, id: cgroupIdOf(path), procs: join(path, 'cgroup.procs'), remove };
}

/** Runs the C program; rejects when it fails. */
export async function work(binary, { op, n, dir }, procs) {
  const child = spawn(binary, [op, String(n), dir, ...procs], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`workload ${op} ended with ${code ?? signal}`);
}

/** What `drained` says of a cgroup; 0 when it has no entry, null when no backend sees the counter. */
export function countsOf(drained, id) {
  const row = drained.ids.indexOf(id);
  const read = (column) => (column === null ? null : row < 0 ? 0n : column[row]);
  return { allocated: read(drained.dentriesAllocated), freed: read(drained.dentriesFreed) };
}

export function nrDentry() {
  return BigInt(readFileSync('/proc/sys/fs/dentry-state', 'utf8').split(/\s/)[0]);
}

function books(probe) {
  const { allocatedAll, freedAll } = probe.drain().totals;
  return { allocatedAll, freedAll, nrDentry: nrDentry() };
}

async function measureOne(probe, config, run) {
  const cgroup = makeCgroup(run.root ?? config.root);
  try {
    const before = books(probe);
    await work(config.workload, run, [cgroup.procs]);
    const counts = countsOf(probe.drain(), cgroup.id);
    const after = books(probe);
    const grown = (key) => (after[key] === null ? null : after[key] - before[key]);
    const all = {
      allocatedAll: grown('allocatedAll'),
      freedAll: grown('freedAll'),
      nrDentry: grown('nrDentry'),
    };
    return { ...run, ...counts, ...all };
  } finally {
    await cgroup.remove();
  }
}

export async function measure(config) {
  const probe = DentryProbe.open(config.open);
  try {
    nrDentry();
    const runs = [];
    for (const run of config.runs) runs.push(await measureOne(probe, config, run));
    const { overflow } = probe.drain();
    return { runs, overflow, hooks: probe.hooks, events: probe.pollCgroupEvents() };
  } finally {
    probe.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const result = await measure(JSON.parse(process.argv[2]));
  const text = JSON.stringify(result, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  process.stdout.write(`${text}\n`);
}
