import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Everything the lab downloads, builds and leaves running lies below this one folder. */
export function cacheRoot(): string {
  const own = process.env['DENTRYSCOPE_LAB_CACHE'];
  if (own) return resolve(own);
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'dentryscope', 'lab');
}

/** Where a finished part lies; it exists if and only if the part is complete. */
export const partDir = (key: string): string => join(cacheRoot(), 'parts', key);

/** Where a part started by the command (not by a test) keeps its data and its state. */
export const runDir = (part: string): string => join(cacheRoot(), 'run', part);
