import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { say } from './progress.js';

/**
 * The kernel's own lock, held by a `flock` child that lives as long as our end of its standard input:
 * a builder that is killed leaves no stale lock behind.
 */
async function take(file: string, mode: string[]): Promise<ChildProcess | undefined> {
  const child = spawn('flock', [...mode, file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const held = once(child.stdout!, 'data').then(() => child);
  const ended = once(child, 'exit').then(() => undefined);
  return Promise.race([held, ended]);
}

async function release(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.stdin!.end();
  await ended;
}

/** Runs `work` while no other process of this machine holds the lock of that file. */
export async function withLock<T>(file: string, what: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  let holder = await take(file, ['--nonblock']);
  if (!holder) {
    say(`${what}: another process is at it, waiting for it`);
    holder = await take(file, []);
  }
  if (!holder) throw new Error(`cannot lock ${file}: is flock (util-linux) installed?`);
  try {
    return await work();
  } finally {
    await release(holder);
  }
}
