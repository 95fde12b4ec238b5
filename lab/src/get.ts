import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from './lock.js';
import { cacheRoot, partDir } from './paths.js';
import { told } from './progress.js';
import { missingTools, type Tool } from './tools.js';

/** How one version of a part is had. */
export interface Recipe {
  name: string;
  version: string;
  /** Needed to build it, but not afterwards. */
  builtWith: readonly Tool[];
  /** Needed whenever it runs. */
  runsWith: readonly Tool[];
  /** Leaves the complete part in the empty folder `dir`; may use and leave behind the folder `scratch`. */
  build(dir: string, scratch: string): Promise<void>;
}

export const recipeDir = ({ name, version }: Recipe): string => partDir(`${name}-${version}`);

export const isCached = (recipe: Recipe): boolean => existsSync(recipeDir(recipe));

/** What keeps this part from being used here: one line a missing tool; none if it can be used. */
export function missingFor(recipe: Recipe): string[] {
  return missingTools(
    isCached(recipe) ? recipe.runsWith : [...recipe.runsWith, ...recipe.builtWith, 'flock'],
  );
}

/** The folder of the part, which is downloaded and built first if this is the first time. */
export async function get(recipe: Recipe): Promise<string> {
  const label = `${recipe.name} ${recipe.version}`;
  const missing = missingFor(recipe);
  if (missing.length > 0) throw new Error(`cannot have ${label} here:\n  ${missing.join('\n  ')}`);
  if (!isCached(recipe)) {
    const lock = join(cacheRoot(), 'locks', `${recipe.name}-${recipe.version}`);
    await withLock(lock, `get ${label}`, async () => {
      if (!isCached(recipe)) await told(`get ${label}`, () => buildInto(recipe));
    });
  }
  return recipeDir(recipe);
}

/** Built aside and renamed into place, so that a part that is there is always complete. */
async function buildInto(recipe: Recipe): Promise<void> {
  // Ours alone while we hold the lock: what is there was left by a builder that was killed.
  const scratch = join(cacheRoot(), 'build', `${recipe.name}-${recipe.version}`);
  rmSync(scratch, { recursive: true, force: true });
  const result = join(scratch, 'result');
  mkdirSync(result, { recursive: true });
  try {
    await recipe.build(result, scratch);
    mkdirSync(dirname(recipeDir(recipe)), { recursive: true });
    renameSync(result, recipeDir(recipe));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
