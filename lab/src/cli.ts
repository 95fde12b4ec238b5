import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  allBackground,
  backgroundState,
  removePart,
  startInBackground,
  stopInBackground,
  type BackgroundState,
} from './background.js';
import { cacheRoot } from './paths.js';
import { getPart, parsePart, partAvailable, PARTS, SERVERS, versionsOf, type PartSpec } from './parts.js';
import { say } from './progress.js';

const HELP = `Usage: npm run lab -- COMMAND [PART[@VERSION] ... | all]

The real parts for tests, benchmarks and trying things out, on this machine without a container engine.

  get      download and build into the cache; a second time does nothing
  start    start in the background on 127.0.0.1; prints the variables that point to it
  stop     end what start started, and remove its data
  status   what is had, what runs, what is missing
  env      the variables of all that runs, for: eval "$(npm run -s lab -- env)"
  clean    stop, and remove from the cache; here the part must be named

Parts (without one: all): ${PARTS.map((name) => `${name} (${versionsOf(name).join(', ')})`).join(', ')}
vm has only get, status and clean; scripts run in it with npm run vm.

Cache: DENTRYSCOPE_LAB_CACHE, here ${cacheRoot()}
`;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function printEnv({ name, version, pids, env }: BackgroundState): void {
  console.log(`# ${name} ${version}, pid ${pids.join(', ')}`);
  for (const [key, value] of Object.entries(env)) console.log(`export ${key}=${quoted(value)}`);
}

function cachedText(spec: PartSpec): string {
  const { available, cached, missing } = partAvailable(spec);
  if (!available) return `missing here: ${missing.join('; ')}`;
  return cached ? 'had' : spec.startsWith('vm@') ? 'can be used' : 'not had yet, can be built';
}

async function printStatus(spec: string): Promise<void> {
  const { name, version } = parsePart(spec);
  const state = name === 'vm' ? undefined : backgroundState(name);
  for (const each of spec.includes('@') ? [version!] : versionsOf(name)) {
    const runs =
      state?.version === each ? `; runs since ${state.startedAt}, pid ${state.pids.join(', ')}` : '';
    console.log(`${name}@${each}: ${cachedText(`${name}@${each}`)}${runs}`);
  }
}

async function stop(spec: string): Promise<void> {
  const { name } = parsePart(spec);
  if (name === 'vm') return;
  say((await stopInBackground(name)) ? `${name} stopped, its data removed` : `${name} does not run`);
}

async function clean(spec: string): Promise<void> {
  const { name, version } = parsePart(spec);
  const versions = spec.includes('@') ? [version!] : versionsOf(name);
  if (name !== 'vm') return removePart(name, versions);
  for (const folder of readdirSync(cacheRoot()).filter((folder) => folder.startsWith('kernels-')))
    rmSync(join(cacheRoot(), folder), { recursive: true, force: true });
}

/** Every version of every part: tests run against each. */
const EVERYTHING = PARTS.flatMap((name) => versionsOf(name).map((version) => `${name}@${version}`));

type Command = (spec: string) => Promise<void>;

const COMMANDS: Record<string, { all: readonly string[]; run: Command }> = {
  get: { all: EVERYTHING, run: (spec) => getPart(spec as PartSpec) },
  start: { all: SERVERS, run: async (spec) => printEnv(await startInBackground(spec)) },
  stop: { all: SERVERS, run: stop },
  status: { all: PARTS, run: printStatus },
  clean: { all: PARTS, run: clean },
};

async function main([name = '--help', ...specs]: string[]): Promise<void> {
  if (['--help', '-h', 'help'].includes(name) || specs.includes('--help')) return console.log(HELP);
  if (name === 'env' && specs.length === 0) return allBackground().forEach(printEnv);
  const command = COMMANDS[name];
  if (!command) throw new RangeError(`unknown command ${[name, ...specs].join(' ')}; see --help`);
  if (name === 'clean' && specs.length === 0) throw new RangeError('clean needs a PART, or the word all');
  const all = specs.length === 0 || specs.includes('all');
  const wanted = all ? command.all : specs;
  wanted.forEach(parsePart); // a wrong word before the long work, not after it
  for (const spec of wanted) await command.run(spec).catch(report);
}

/** One part that fails does not keep the others from being had. Status 2: a wrong use, 1: anything else. */
function report(error: Error): void {
  process.stderr.write(`lab: ${error.message}\n`);
  process.exitCode ??= error instanceof RangeError ? 2 : 1;
}

main(process.argv.slice(2)).catch(report);
