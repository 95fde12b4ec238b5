/** Where an export comes to be: everything under one name beside the files, until they are whole and on disk. */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StoreError } from '../../types.js';

const PARTIAL = '.dentryscope-export';

export class ExportPlace {
  readonly partial: string;
  private readonly directory: string;

  private constructor(
    directory: string,
    private readonly names: readonly string[],
  ) {
    this.directory = resolve(directory);
    this.partial = join(this.directory, PARTIAL);
  }

  /** @throws StoreError where files are there that must not be replaced, or another export is at work */
  static async make(directory: string, names: readonly string[], overwrite: boolean): Promise<ExportPlace> {
    const place = new ExportPlace(directory, names);
    const there = names.filter((name) => existsSync(join(directory, name)));
    if (there.length > 0 && !overwrite)
      throw new StoreError(
        `${there.join(' and ')} in ${directory} would be replaced: name another directory, or say --overwrite`,
        false,
      );
    try {
      await mkdir(directory, { recursive: true });
      await mkdir(place.partial);
    } catch (error) {
      throw toPlaceError(error as NodeJS.ErrnoException, place.partial);
    }
    return place;
  }

  file(name: string): string {
    return join(this.partial, name);
  }

  /** Each file is whole when it has its name. @returns their sizes in bytes, in the order of the names */
  async publish(): Promise<number[]> {
    const sizes: number[] = [];
    for (const name of this.names) {
      await sync(this.file(name));
      sizes.push((await stat(this.file(name))).size);
    }
    for (const name of this.names) await rename(this.file(name), join(this.directory, name));
    await sync(this.directory);
    return sizes;
  }

  async remove(): Promise<void> {
    await rm(this.partial, { recursive: true, force: true });
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function toPlaceError(error: NodeJS.ErrnoException, partial: string): StoreError {
  if (error.code !== 'EEXIST' || error.path !== partial)
    return new StoreError(`nothing can be exported there: ${error.message}`, false, { cause: error });
  return new StoreError(
    `${partial} is there: another export writes there, or one was killed; in that case remove it`,
    false,
    { cause: error },
  );
}
