import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, signal, type ProcessId } from './proc.js';

export const HOME_PREFIX = 'dentryscope-lab-';
export const HOME_FILE = 'home.json';

/** A folder younger than this may still be about to get its owner file. */
const GRACE_MS = 60_000;

export interface HomeFile {
  /** Null: nobody's, it stays until it is told to go. */
  owner: ProcessId | null;
  processes: ProcessId[];
}

/** Undefined when the folder has no such file (yet). */
export function readHome(dir: string): HomeFile | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, HOME_FILE), 'utf8')) as HomeFile;
  } catch {
    return undefined;
  }
}

function sweepOne(dir: string): void {
  const stat = statSync(dir, { throwIfNoEntry: false });
  // A folder of another user's says nothing we may act upon.
  if (!stat?.isDirectory() || stat.uid !== process.getuid?.()) return;
  const home = readHome(dir);
  const inUse = home?.owner ? isAlive(home.owner) : Date.now() - stat.mtimeMs < GRACE_MS;
  if (!inUse) removeHome(dir);
}

/** Ends what runs in a home, each process by its pid and start time, and removes the folder. */
function removeHome(dir: string): void {
  for (const id of readHome(dir)?.processes ?? []) signal(id, 'SIGKILL');
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

/** Ends what earlier test processes left behind when they were killed, and removes their folders. */
export function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    if (name.startsWith(HOME_PREFIX)) sweepOne(join(tmpdir(), name));
  }
}
