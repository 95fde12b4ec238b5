/** Real cgroups for tests: made below this machine's hierarchies, gone afterwards. */
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';

export const root = '/sys/fs/cgroup';
const made: string[] = [];
let count = 0;

/** @returns the path within the hierarchy of a fresh cgroup. */
export function freshName(): string {
  return `/dentryscope-test-${process.pid}-${++count}`;
}

/** @returns the new cgroup's inode. */
export function make(mount: string, path: string): bigint {
  const directory = join(mount, path);
  mkdirSync(directory, { recursive: true });
  made.push(join(mount, `/${path.split('/')[1]}`));
  return statSync(directory, { bigint: true }).ino;
}

export function remove(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) remove(join(directory, entry.name));
  rmdirSync(directory);
}

afterEach(() => {
  for (const directory of made.splice(0))
    if (statSync(directory, { throwIfNoEntry: false })) remove(directory);
});

/** Why real cgroups can't be made here, if so. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'cgroups can be made by root only';
  return undefined;
}
