/** The command `dentryscope`: finds the command, reads its settings, runs it, closes what it opened. */
import { readFileSync } from 'node:fs';
import type { Command } from '@dentryscope/contracts';
import {
  Lifecycle,
  Registry,
  SettingError,
  collectDefaultMetrics,
  createLogger,
  helpFor,
  loadSettings,
} from '@dentryscope/runtime';
import type { Loaded } from '@dentryscope/runtime';
import type { CommandModule } from './command.js';
import { CommandError } from './command.js';
import { makeDataDir } from './data-dir.js';

const USAGE_STATUS = 2;
/** How often prom-client looks at the event loop's lag. Its default of 10 ms is most of what an idle agent does. */
const LAG_SAMPLE_MS = 1000;

/** Loaded when used: `tail` does not wait for DuckDB, `--help` for nothing. */
const commands: Record<Command, () => Promise<{ command: CommandModule }>> = {
  standalone: () => import('./commands/standalone.js'),
  agent: () => import('./commands/agent.js'),
  ingester: () => import('./commands/ingester.js'),
  api: () => import('./commands/api.js'),
  simulate: () => import('./commands/simulate.js'),
  doctor: () => import('./commands/doctor.js'),
  publish: () => import('./commands/publish.js'),
  tail: () => import('./commands/tail.js'),
  deadletter: () => import('./commands/deadletter.js'),
  export: () => import('./commands/export.js'),
  rollup: () => import('./commands/rollup.js'),
};

export function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** @returns the exit status */
export async function run(args: readonly string[]): Promise<number> {
  process.stdout.on('error', unlessReaderIsGone);
  const [name, ...rest] = args;
  if (name === '--version' || name === '-V') return say(`dentryscope ${version()}\n`);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return await usage(name);
  if (!Object.hasOwn(commands, name))
    return complain(`dentryscope: no command ${JSON.stringify(name)}; dentryscope --help lists them`);
  const { command } = await commands[name as Command]();
  try {
    const loaded = loadSettings(command.name, rest);
    if (loaded.help) return say(helpText(command));
    checkPositionals(command, loaded.positionals);
    return await execute(command, loaded);
  } catch (error) {
    if (error instanceof SettingError) return complain(`dentryscope ${name}: ${error.message}`);
    if (error instanceof CommandError || isTold(error))
      return complain(`dentryscope ${name}: ${error.message}`, 1);
    throw error;
  }
}

/** Errors of the transport and of the store, neither of which is loaded for every command: they name what is at fault. */
function isTold(error: unknown): error is Error {
  return error instanceof Error && ['TransportError', 'RefusedMessages', 'StoreError'].includes(error.name);
}

/** `| head` has read enough. A command that has nothing to do without a reader listens as well. */
function unlessReaderIsGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

async function execute(command: CommandModule, loaded: Loaded): Promise<number> {
  const { settings, positionals, unknownVariables, readableSecrets } = loaded;
  const logger = createLogger(command.name, settings.logLevel);
  for (const variable of unknownVariables) logger.warn(`${variable} is no setting; is it spelled right?`);
  makeDataDir(command.name, settings);
  for (const readable of readableSecrets) logger.warn(readable);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS });
  const lifecycle = new Lifecycle(logger);
  const context = { settings, positionals, logger, registry, lifecycle, version: version() };
  try {
    const status = await command.run(context);
    return (await lifecycle.close()) ? (status ?? 0) : 1;
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

function checkPositionals(command: CommandModule, positionals: readonly string[]): void {
  const { min, max } = command.positionals;
  if (positionals.length < min || positionals.length > max)
    throw new SettingError(
      `wants ${command.usage || 'flags only'}; got ${JSON.stringify(positionals.join(' '))}`,
    );
}

async function usage(asked: string | undefined): Promise<number> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const lines = loaded.map(
    ({ command }) => `  ${`${command.name} ${command.usage}`.padEnd(22)} ${command.summary}\n`,
  );
  const text =
    'dentryscope COMMAND [FLAGS]\n\nWhich pod fills the dentry cache, how close each node is, what a reclaim did.\n\n' +
    `${lines.join('')}\ndentryscope COMMAND --help lists its flags; each is also a variable DENTRYSCOPE_….\n`;
  if (asked !== undefined) return say(text);
  process.stderr.write(text);
  return USAGE_STATUS;
}

function helpText(command: CommandModule): string {
  const details = command.details ? `\n${command.details}\n` : '';
  return `dentryscope ${command.name} ${command.usage}\n\n${command.summary}\n${details}\nFlags:\n${helpFor(command.name)}\n`;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(text: string, status = USAGE_STATUS): number {
  process.stderr.write(`${text}\n`);
  return status;
}
