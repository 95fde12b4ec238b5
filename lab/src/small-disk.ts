import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/**
 * A disk that is soon full: a tmpfs on the directory, which is made if it is not there.
 * @returns the way to take it off, busy or not; undefined where this machine lets us mount nothing (it takes root)
 */
export function mountSmallDisk(directory: string, bytes: number): (() => void) | undefined {
  mkdirSync(directory, { recursive: true });
  const options = ['-t', 'tmpfs', '-o', `size=${bytes}`, 'dentryscope-test', directory];
  try {
    execFileSync('mount', options, { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return () => void execFileSync('umount', ['-l', directory]);
}
