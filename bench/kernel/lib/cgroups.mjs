/** Cgroups (v2) of a run, all below one folder that names the process. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PREFIX = 'dentryscope-bench-';
const BUSY_TRIES = 250;

/** Where cgroup v2 is; mounted for this run where it is nowhere. */
function cgroup2(scope) {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  const found = lines.map((line) => line.split(' ')).find((fields) => fields.at(-3) === 'cgroup2');
  if (found) return found[4];
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  execFileSync('mount', ['-t', 'cgroup2', 'none', folder]);
  scope.defer(() => {
    execFileSync('umount', [folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** EBUSY: its last process is not reaped yet. */
async function remove(path) {
  for (let i = 0; ; i += 1) {
    try {
      return rmdirSync(path);
    } catch (error) {
      if (error.code !== 'EBUSY' || i > BUSY_TRIES) throw error;
      await sleep(20);
    }
  }
}

async function removeTree(path) {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) await remove(join(path, entry.name));
  await remove(path);
}

/** Left by a run that was killed. */
async function sweep(root) {
  for (const name of readdirSync(root)) {
    const pid = name.startsWith(PREFIX) && name.slice(PREFIX.length);
    if (pid && !existsSync(`/proc/${pid}`)) await removeTree(join(root, name));
  }
}

export async function cgroupFolder(scope) {
  const root = cgroup2(scope);
  await sweep(root);
  const folder = join(root, `${PREFIX}${process.pid}`);
  mkdirSync(folder);
  scope.defer(() => removeTree(folder));
  return folder;
}

export function makeCgroups(folder, prefix, count) {
  const paths = Array.from({ length: count }, (_, i) => join(folder, `${prefix}${i}`));
  for (const path of paths) mkdirSync(path);
  return paths;
}

export async function removeCgroups(paths) {
  for (const path of paths) await remove(path);
}
