import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../paths.js';

/** A guest needs its folder until it is ready, minutes at most; an older one was left by a process that was killed. */
const LEFT_BEHIND_MS = 3_600_000;

/** A folder for the files of one run. Those that killed processes left behind go on the way. */
export async function makeWorkFolder(): Promise<string> {
  const runs = join(cacheRoot(), 'runs');
  await mkdir(runs, { recursive: true });
  for (const name of await readdir(runs)) await removeOld(join(runs, name));
  return mkdtemp(join(runs, 'vm-'));
}

export async function removeWorkFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function removeOld(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found !== undefined && Date.now() - found.mtimeMs > LEFT_BEHIND_MS) await removeWorkFolder(folder);
}
