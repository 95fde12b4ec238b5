/** `--help` and docs/configuration.md, from the settings' one declaration. */
import { envName, flagName, settings as declared } from '@dentryscope/contracts/settings';
import type { Command, Setting } from '@dentryscope/contracts';
import { settingsOf } from './load-settings.js';

const valueHint = (setting: Setting): string =>
  setting.kind === 'boolean'
    ? ''
    : ` ${setting.choices ? setting.choices.join('|') : setting.kind.toUpperCase()}`;

const fallbackHint = (setting: Setting): string =>
  setting.fallback === undefined ? '' : ` Default: ${setting.fallback}.`;

export function helpFor(command: Command): string {
  return settingsOf(command)
    .map(
      (s) =>
        `  --${flagName(s)}${valueHint(s)}\n      ${s.help}${fallbackHint(s)}\n      Environment: ${envName(s)}`,
    )
    .join('\n');
}

/** docs/configuration.md, whole. */
export function configurationDoc(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = Object.values(declared as Record<string, Setting>).map(
    (s) =>
      `| \`${envName(s)}\` | ${s.choices ? cell(s.choices.join(' | ')) : s.kind} | ${
        s.fallback === undefined ? '' : `\`${s.fallback}\``
      } | ${s.commands.join(', ')} | ${cell(s.help)} |`,
  );
  return [
    '# Configuration',
    '',
    '<!-- Generated from lib/contracts/src/settings.ts by `npm run generate`. -->',
    '',
    'Every setting is an environment variable and a flag: `DENTRYSCOPE_KAFKA_BROKERS` is `--kafka-brokers`. A flag wins.',
    'A wrong value ends the start with exit status 2 and a message that names the setting.',
    '',
    '| Variable | Value | Default | Commands | What it sets |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
