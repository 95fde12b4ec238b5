/** Settings from flags and environment, checked against their one declaration. */
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { envName, flagName, settings as declared } from '@dentryscope/contracts/settings';
import type { Command, Setting, SettingKey, Settings } from '@dentryscope/contracts';
import { parseSetting } from './parse-setting.js';
import { readableSecrets, securityFault } from './transport-security.js';

/** A start that can't be: the message names the setting and the way out. The command exits with status 2. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

export interface Loaded {
  readonly settings: Settings;
  readonly positionals: readonly string[];
  readonly help: boolean;
  /** DENTRYSCOPE_ variables that no setting has: most often a typing error. */
  readonly unknownVariables: readonly string[];
  /** Files with secrets that everybody can read, a sentence each. */
  readonly readableSecrets: readonly string[];
}

const entries = Object.entries(declared) as [SettingKey, Setting][];

export function settingsOf(command: Command): Setting[] {
  return entries.map(([, setting]) => setting).filter((setting) => setting.commands.includes(command));
}

/** A flag beats its environment variable; settings that the command does not have take their default. */
export function loadSettings(command: Command, args: readonly string[], env = process.env): Loaded {
  const { values, positionals } = parseFlags(command, args);
  const given: Record<string, unknown> = {};
  for (const [key, setting] of entries) given[key] = valueOf(setting, values, env);
  const settings = withFiles(given as unknown as Settings);
  const help = values['help'] === true;
  const fault = help ? undefined : securityFault(command, settings);
  if (fault !== undefined) throw new SettingError(fault);
  return {
    settings,
    positionals,
    help,
    readableSecrets: readableSecrets(settings),
    unknownVariables: unknownVariables(env),
  };
}

function parseFlags(command: Command, args: readonly string[]) {
  const own = settingsOf(command);
  const options = Object.fromEntries(
    own.map((s) => [
      flagName(s),
      { type: s.kind === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    const parsed = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      allowNegative: true,
    } as Parameters<typeof parseArgs>[0]);
    return { values: parsed.values, positionals: parsed.positionals };
  } catch (error) {
    throw new SettingError(`${(error as Error).message} — dentryscope ${command} --help lists the flags`);
  }
}

function valueOf(setting: Setting, flags: Record<string, unknown>, env: NodeJS.ProcessEnv): unknown {
  const flag = flags[flagName(setting)];
  const fromEnv = env[envName(setting)];
  const [raw, source] =
    flag !== undefined
      ? [String(flag), `--${flagName(setting)}`]
      : fromEnv !== undefined && fromEnv !== ''
        ? [fromEnv, envName(setting)]
        : [setting.fallback, envName(setting)];
  if (raw === undefined) return undefined;
  try {
    return parseSetting(setting, raw);
  } catch (error) {
    const shown = setting.kind === 'secret' ? '(secret)' : JSON.stringify(raw);
    throw new SettingError(`${source}=${shown}: ${(error as Error).message}`, { cause: error });
  }
}

/** What stands elsewhere: the home directory, the host's name, a secret in a file. */
function withFiles(settings: Settings): Settings {
  const dataDir = settings.dataDir.startsWith('~/')
    ? join(homedir(), settings.dataDir.slice(2))
    : settings.dataDir;
  const influxToken = settings.influxTokenFile
    ? secretFromFile(settings.influxTokenFile, envName(declared.influxTokenFile))
    : settings.influxToken;
  return { ...settings, dataDir, influxToken, node: settings.node ?? hostname() };
}

function secretFromFile(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SettingError(`${variable}=${JSON.stringify(file)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** DENTRYSCOPE_LAB_… belongs to the tests; Kubernetes injects …_SERVICE_… and …_PORT… for Services. */
function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set(entries.map(([, setting]) => envName(setting)));
  return Object.keys(env).filter(
    (name) =>
      name.startsWith('DENTRYSCOPE_') &&
      !known.has(name) &&
      !/^DENTRYSCOPE_LAB_|_SERVICE_|_PORT(_|$)/.test(name),
  );
}
