/** Reading procfs: "the kernel does not offer it" is undefined, "it could not be read" is an error. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns the file's text; undefined where the kernel has no such file @throws Error on refused or failed reads */
export function readProc(procRoot: string, path: string): string | undefined {
  try {
    return readFileSync(join(procRoot, path), 'utf8');
  } catch (error) {
    // EOPNOTSUPP: /proc/pressure with psi=0 on the kernel's command line.
    if (['ENOENT', 'ENOTDIR', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}
