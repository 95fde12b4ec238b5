import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.js';
import { partDir, runDir } from './paths.js';
import { parsePart, SERVERS, startLasting, type ServerName } from './parts.js';
import { isAlive, signal } from './proc.js';
import { step } from './progress.js';
import { readHome } from './sweep.js';
import { until } from './wait.js';

/** A part that the lab command left running. */
export interface BackgroundState {
  name: ServerName;
  version: string;
  startedAt: string;
  pids: number[];
  env: Record<string, string>;
}

const END_LIMIT_MS = 20_000;

const stateFile = (name: ServerName): string => join(runDir(name), 'state.json');
const dataDir = (name: ServerName): string => join(runDir(name), 'data');

/** What runs in the background; undefined when it was never started, was stopped, or any process of it ended. */
export function backgroundState(name: ServerName): BackgroundState | undefined {
  const processes = readHome(dataDir(name))?.processes ?? [];
  if (processes.length === 0 || !processes.every(isAlive)) return undefined;
  try {
    return JSON.parse(readFileSync(stateFile(name), 'utf8')) as BackgroundState;
  } catch {
    return undefined; // still starting
  }
}

export function allBackground(): BackgroundState[] {
  return SERVERS.flatMap((name) => backgroundState(name) ?? []);
}

const exclusively = <T>(name: ServerName, work: () => Promise<T>): Promise<T> =>
  withLock(`${runDir(name)}.lock`, name, work);

async function clear(name: ServerName): Promise<void> {
  const processes = readHome(dataDir(name))?.processes ?? [];
  for (const id of processes) signal(id, 'SIGKILL');
  await until(`${name} gone after SIGKILL`, END_LIMIT_MS, async () => {
    if (processes.some(isAlive)) throw new Error('a process is still there');
  });
  rmSync(runDir(name), { recursive: true, force: true });
}

/** Starts the part, unless that version of it already runs. */
export async function startInBackground(spec: string): Promise<BackgroundState> {
  const { name, version } = parsePart(spec);
  if (name === 'vm') throw new RangeError('vm does not run in the background: npm run vm -- KERNEL SCRIPT');
  return exclusively(name, async () => {
    const before = backgroundState(name);
    if (before && before.version === version) return before;
    if (before) throw new Error(`${name} ${before.version} runs; first: npm run lab -- stop ${name}`);
    await clear(name); // what a reboot or a kill left
    return step(`start ${name} ${version}`, () => start(name, version!));
  });
}

async function start(name: ServerName, version: string): Promise<BackgroundState> {
  const running = await startLasting(name, version, dataDir(name));
  const pids = running.processes().map(({ pid }) => pid);
  const state = { name, version, startedAt: new Date().toISOString(), pids, env: running.env };
  writeFileSync(stateFile(name), JSON.stringify(state), { mode: 0o600 });
  return state;
}

/** Ends the part and removes its data; says whether there was anything. */
export async function stopInBackground(name: ServerName): Promise<boolean> {
  return exclusively(name, async () => {
    const ran = readHome(dataDir(name)) !== undefined;
    await clear(name);
    return ran;
  });
}

/** Stops the part and removes what was built of it, all versions or one. */
export async function removePart(name: ServerName, versions: readonly string[]): Promise<void> {
  await stopInBackground(name);
  for (const version of versions) rmSync(partDir(`${name}-${version}`), { recursive: true, force: true });
}
