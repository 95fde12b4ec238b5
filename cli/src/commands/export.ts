import { join } from 'node:path';
import { SettingError } from '@dentryscope/runtime';
import { StoreError, exportParquet } from '@dentryscope/store';
import type { ExportedFile } from '@dentryscope/store';
import type { CommandModule, Context } from '../command.js';
import { CommandError, interrupted } from '../command.js';

const PROGRESS_MS = 5_000;

async function runExport({ settings, positionals, lifecycle }: Context): Promise<number> {
  const to = positionals[0]!;
  const { from: fromMs, to: toMs, overwrite } = settings;
  check(settings);
  const { signal } = lifecycle;
  try {
    const files = await exportParquet({
      ...{ directory: join(settings.dataDir, 'store'), to, fromMs, toMs, overwrite, signal },
      onProgress: sayNowAndThen(),
    });
    process.stdout.write(files.map((file) => summary(to, file)).join(''));
    return 0;
  } catch (error) {
    if (signal.aborted) return interrupted('nothing is left of it');
    if (error instanceof StoreError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

function check({ store, from, to }: Context['settings']): void {
  if (store !== 'embedded')
    throw new SettingError(
      `DENTRYSCOPE_STORE=${store}: it exports the embedded store; InfluxDB has its own ways (influx query, influxd inspect export-lp)`,
    );
  const iso = (ms: number) => new Date(ms).toISOString();
  if (from !== undefined && to !== undefined && from >= to)
    throw new SettingError(`--from (${iso(from)}) must lie before --to (${iso(to)})`);
}

function sayNowAndThen(): (file: ExportedFile) => void {
  let nextMs = performance.now() + PROGRESS_MS;
  return ({ name, rows, bytes }) => {
    if (performance.now() < nextMs) return;
    nextMs = performance.now() + PROGRESS_MS;
    process.stderr.write(`${name}: ${bytes} bytes by now, of ${rows} rows\n`);
  };
}

const summary = (to: string, { name, rows, bytes }: ExportedFile) =>
  `${join(to, name)}: ${rows} rows, ${bytes} bytes\n`;

export const command: CommandModule = {
  name: 'export',
  usage: 'DIR',
  summary: 'Write what the embedded store keeps to Parquet files.',
  details: [
    'figures.parquet: one row a cgroup and window, with cluster, node, boot, sequence number, start and end of the window',
    '(Unix milliseconds), the names as they are known now, and every figure; nodes.parquet: one row a node and window.',
    'What was not seen is NULL. Kind and unit of each figure stand in the metadata "dentryscope.metrics", as JSON: gauges',
    'must not be added up over time. Hours that are rolled up (older than DENTRYSCOPE_RETENTION) are not in figures.parquet.',
    '',
    'The store is read and not changed. One process at a time may open it: a standalone or ingester on the same',
    '--data-dir has to be stopped meanwhile. The files get their names when both are whole and on disk.',
  ].join('\n'),
  positionals: { min: 1, max: 1 },
  run: runExport,
};
