/** The walk over a mounted hierarchy. */
import { readdirSync, statSync } from 'node:fs';

import { setImmediate as breathe } from 'node:timers/promises';
import type { Root } from './hierarchies.js';

export interface Found {
  readonly inode: bigint;
  /** Within the hierarchy, `/` first. */
  readonly path: string;
}

/** Directories between two turns of the event loop: about 2 ms. The calls themselves are synchronous, which costs a quarter of promises. */
const SLICE = 128;

/**
 * Yields every cgroup of the hierarchy. Cgroups that vanish during the walk are left out.
 * @throws Error where a directory can't be read for any other reason: the walk is then not whole.
 */
export async function* walk(root: Root): AsyncGenerator<readonly Found[]> {
  const pending = [''];
  let found: Found[] = [];
  for (let relative = pending.pop(); relative !== undefined; relative = pending.pop()) {
    const one = visit(root, relative, pending);
    if (one) found.push(one);
    if (found.length >= SLICE) {
      yield found;
      found = [];
      await breathe();
    }
  }
  yield found;
}

function visit(root: Root, relative: string, pending: string[]): Found | undefined {
  const path = root.path + relative;
  try {
    const { ino, nlink } = statSync(path, { bigint: true });
    // kernfs keeps a directory's link count at 2 + its subdirectories: a leaf's sixty control files need no listing.
    if (nlink !== 2n) for (const name of subdirectories(path)) pending.push(`${relative}/${name}`);
    return { inode: ino, path: root.prefix + relative || '/' };
  } catch (error) {
    if (relative !== '' && isGone(error)) return undefined;
    throw error;
  }
}

function subdirectories(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
}

/** ENOENT before, ENODEV after the directory was opened (cgroup_kn_lock_live). */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');
}
