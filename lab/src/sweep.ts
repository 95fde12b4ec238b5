import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, signal, type ProcessId } from './proc.js';

export const HOME_PREFIX = 'dentryscope-lab-';
export const OWNER_FILE = 'owner.json';

/** A folder younger than this may still be about to get its owner file. */
const GRACE_MS = 60_000;

interface Owner {
  owner: ProcessId;
  processes: ProcessId[];
}

function ownerOf(dir: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, OWNER_FILE), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function sweepOne(dir: string): void {
  const stat = statSync(dir, { throwIfNoEntry: false });
  // A folder of another user's says nothing we may act upon.
  if (!stat?.isDirectory() || stat.uid !== process.getuid?.()) return;
  const owner = ownerOf(dir);
  if (owner ? isAlive(owner.owner) : Date.now() - stat.mtimeMs < GRACE_MS) return;
  for (const id of owner?.processes ?? []) signal(id, 'SIGKILL');
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

/** Ends what earlier test processes left behind when they were killed, and removes their folders. */
export function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    if (name.startsWith(HOME_PREFIX)) sweepOne(join(tmpdir(), name));
  }
}
