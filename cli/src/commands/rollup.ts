import { setTimeout as sleep } from 'node:timers/promises';
import { SettingError } from '@dentryscope/runtime';
import { StoreError, openInfluxRollup } from '@dentryscope/store';
import type { RolledHour, Rollup } from '@dentryscope/store';
import type { CommandModule, Context } from '../command.js';
import { CommandError, interrupted } from '../command.js';
import { influxOptions } from '../store.js';

const HOUR_MS = 3_600_000;

async function runRollup(context: Context): Promise<number> {
  const { settings, lifecycle, logger } = context;
  const rollup = openRollup(settings);
  if (settings.every !== undefined) return await again(context, rollup, settings.every);
  if (rollup.mostBetweenMs < HOUR_MS)
    logger.warn(
      `with this DENTRYSCOPE_RETENTION it has to run every ${minutes(rollup)} minutes or more often`,
    );
  try {
    const hours = await rollDue(rollup, lifecycle.signal);
    process.stdout.write(`${hours} hours rolled up; nothing else is due\n`);
    return 0;
  } catch (error) {
    if (lifecycle.signal.aborted) return interrupted('the next one goes on from there');
    if (error instanceof StoreError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

function openRollup(settings: Context['settings']): Rollup {
  if (settings.store !== 'influx')
    throw new SettingError(
      `DENTRYSCOPE_STORE=${settings.store}: it rolls up InfluxDB; the embedded store does so by itself`,
    );
  const rollup = openInfluxRollup(influxOptions(settings));
  if (!rollup)
    throw new SettingError(
      'there is nothing to roll up: DENTRYSCOPE_ROLLUP_RETENTION must be longer than DENTRYSCOPE_RETENTION',
    );
  if (settings.every !== undefined && settings.every > rollup.mostBetweenMs)
    throw new SettingError(
      `DENTRYSCOPE_EVERY must be ${minutes(rollup)}m or less with this DENTRYSCOPE_RETENTION: ` +
        'windows would leave before they are rolled up',
    );
  return rollup;
}

const minutes = ({ mostBetweenMs }: Rollup) => Math.floor(mostBetweenMs / 60_000);

/** What fails is due again the next time: windows wait for a day, or for half of a shorter retention. */
async function again({ lifecycle, logger }: Context, rollup: Rollup, everyMs: number): Promise<number> {
  const { signal } = lifecycle;
  while (!signal.aborted) {
    await rollDue(rollup, signal).then(
      (hours) => logger.info({ hours }, 'rolled up what is due'),
      (error: unknown) => {
        if (!signal.aborted) logger.warn({ err: error }, 'hours are not rolled up yet; trying again');
      },
    );
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
  return 0;
}

async function rollDue(rollup: Rollup, signal: AbortSignal): Promise<number> {
  let hours = 0;
  for await (const hour of rollup.run(signal)) {
    process.stdout.write(line(hour));
    hours += 1;
  }
  return hours;
}

const line = ({ hourMs, nodes, points }: RolledHour) =>
  `${new Date(hourMs).toISOString()}: ${points} points of ${nodes} nodes\n`;

export const command: CommandModule = {
  name: 'rollup',
  usage: '',
  summary: 'Sum up windows in InfluxDB by the hour, before they leave.',
  details: [
    'An hour is summed up when nothing can be added to it any more, a day before DENTRYSCOPE_RETENTION lets it leave (half of',
    'that where it is shorter than two days): counters of cgroups by workload and node, figures of nodes by node. It counts',
    'as done when its sums are those of its windows; the API then answers from both, by node, namespace and workload.',
    '',
    'One process at a time does this: a CronJob every hour, or one container with --every 1h.',
  ].join('\n'),
  positionals: { min: 0, max: 0 },
  run: runRollup,
};
