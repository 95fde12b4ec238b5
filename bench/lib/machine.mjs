/** Where figures come from: without it they say nothing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { digits } from './format.mjs';

const read = (path) => readFileSync(path, 'utf8').trim();

function mitigations() {
  try {
    return read('/sys/devices/system/cpu/vulnerabilities/spectre_v2').split(/[;,]/)[0];
  } catch (error) {
    return `unknown (${error.code})`;
  }
}

/** The file system type that /proc/self/mountinfo names for the longest mount point above `path`. */
export function fileSystemOf(path) {
  const mounts = read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' '));
  const above = mounts.filter(
    ([, , , , at]) => path === at || path.startsWith(at.endsWith('/') ? at : `${at}/`),
  );
  const nearest = above.reduce((best, mount) => (mount[4].length >= best[4].length ? mount : best));
  return nearest.at(-3);
}

function commit() {
  try {
    const git = (...args) => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
    // The page itself is what a run writes.
    const dirty = git('status', '--porcelain', '--untracked-files=no', '--', ':(top,exclude)docs') !== '';
    return `${git('rev-parse', '--short=12', 'HEAD')}${dirty ? ' with changes' : ''}`;
  } catch (error) {
    return `unknown (${error.code ?? error.message})`;
  }
}

export function machine() {
  return {
    kernel: release(),
    processor: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    spectreV2: mitigations(),
    node: process.versions.node,
    commit: commit(),
    loadAtStart: loadavg()[0],
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}

/** The same, as the line under a table. */
export function measuredOn({
  kernel,
  processor,
  cpus,
  memoryGiB,
  spectreV2,
  node,
  commit,
  loadAtStart,
  date,
}) {
  return (
    `Measured ${date} UTC at commit ${commit} on Linux ${kernel}, ${cpus} × ${processor}, ${memoryGiB} GiB, spectre_v2: ` +
    `${spectreV2}, Node ${node}; load at the start ${digits(loadAtStart)}.`
  );
}
