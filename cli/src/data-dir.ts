/** DENTRYSCOPE_DATA_DIR, made before anything is opened in it. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command, Settings } from '@dentryscope/contracts';
import { settings as declared } from '@dentryscope/contracts/settings';
import { SettingError, settingsOf } from '@dentryscope/runtime';

/** @throws SettingError where the command keeps something there, and it can't be */
export function makeDataDir(command: Command, settings: Settings): void {
  // An export only reads, and says by itself what is not there.
  if (command === 'export' || !keepsData(command, settings)) return;
  const { dataDir } = settings;
  try {
    make(resolve(dataDir));
  } catch (error) {
    throw new SettingError(`DENTRYSCOPE_DATA_DIR=${JSON.stringify(dataDir)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** An agent has its spool there. */
function keepsData(command: Command, { transport, store }: Settings): boolean {
  const own = settingsOf(command);
  return (
    own.includes(declared.spoolMaxBytes) ||
    (own.includes(declared.transport) && transport === 'embedded') ||
    (own.includes(declared.store) && store === 'embedded')
  );
}

/** Node's own recursive mkdir tries for ever below /proc, where the parent is there and mkdir(2) says ENOENT all the same. */
function make(path: string): void {
  if (isDirectory(path)) return;
  if (!isDirectory(dirname(path))) make(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have been first.
    if (!isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
