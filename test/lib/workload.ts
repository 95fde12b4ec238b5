/** A small C program that is already running when it enters its cgroup, and does exactly n operations there. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupIdOf, hookReport } from '@dentryscope/native';
import { root } from './cli.js';
import { isExt4 } from './scratch.js';

/** @throws Error where the folder is not on ext4, on which each failed lookup leaves a negative dentry: one allocation */
export function buildExt4Workload(directory: string): string {
  if (!isExt4(directory)) throw new Error(`${directory} is not on ext4; set TMPDIR to a folder that is`);
  return buildWorkload(directory);
}

export function buildWorkload(directory: string): string {
  const binary = join(directory, 'workload');
  execFileSync('gcc', ['-O2', '-static', '-o', binary, join(root, 'native/test/workload.c')]);
  return binary;
}

/** Where this machine lets a test make cgroups: v2, or the memory hierarchy of v1. */
export function cgroupRoot(): string {
  const v2 = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) =>
    existsSync(join(path, 'cgroup.procs')),
  );
  return v2 ?? '/sys/fs/cgroup/memory';
}

export class Cgroup {
  readonly path: string;
  readonly directory: string;

  /** @param path within the hierarchy, `/` first; parents are made and removed with it */
  constructor(path: string) {
    this.path = path;
    this.directory = join(cgroupRoot(), path);
    mkdirSync(this.directory, { recursive: true });
  }

  get id(): bigint {
    return cgroupIdOf(this.directory);
  }

  remove(): void {
    const parts = this.path.split('/').filter(Boolean);
    for (let depth = parts.length; depth > 0; depth--)
      try {
        rmdirSync(join(cgroupRoot(), ...parts.slice(0, depth)));
      } catch (error) {
        // A parent that others use stays.
        if (!['EBUSY', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
  }

  run(workload: string, operation: string, count: number, directory: string): void {
    execFileSync(workload, [operation, String(count), directory, join(this.directory, 'cgroup.procs')]);
  }
}

/** For `describe.skipIf`: why allocations can't be counted on this machine; with CI=true that is a failure. */
export function requireKernel(): string | undefined {
  const hook = hookReport().find(({ hook }) => hook === 'dentry_alloc');
  if (hook?.backend) return undefined;
  const reason = `this machine's kernel does not let dentry_alloc be measured: ${JSON.stringify(hook?.tried)}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return reason;
}
