import { parseArgs } from 'node:util';
import { parts, string, whole } from '../../scripts/lib/flags.mjs';

export const partNames = ['wire', 'influx', 'ingest', 'embedded', 'memory'];

export const help = `npm run bench [-- FLAGS]

What the way from the agents to the store costs, measured side by side with what it is compared with. Writes the figures
into docs/performance.md: parts that are not run keep the figures they had. (What measuring costs: npm run bench:kernel.)

  --only LIST       of ${partNames.join(', ')}; default: all
  --rounds N        default 40; of ingest at most 10
  --nodes N         of the simulated fleet, in wire, influx and ingest; default 40
  --cgroups N       of each node, there; default 250
  --windows N       there, in ingest three times as many; default 5
  --memory-windows N
                    of a fleet of 1,000 nodes with 250 cgroups, for memory; default 360, an hour
  --seed N          of the fleet, and of the order within a round; default 1
  --json FILE       also writes all figures there
  --no-page         leaves docs/performance.md alone
  --help

Ctrl-C ends it and removes what it made. The figures are worth something on a machine that does nothing else.
`;

const flags = {
  only: string(partNames.join(',')),
  rounds: string('40'),
  nodes: string('40'),
  cgroups: string('250'),
  windows: string('5'),
  'memory-windows': string('360'),
  seed: string('1'),
  json: string(),
  'no-page': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/** @throws Error that names the flag */
export function readArgs(args) {
  const { values } = parseArgs({ args, options: flags });
  return {
    help: values.help,
    parts: parts(values.only, partNames),
    rounds: whole('rounds', values.rounds, 1),
    nodes: whole('nodes', values.nodes, 1),
    cgroups: whole('cgroups', values.cgroups, 1),
    windows: whole('windows', values.windows, 1),
    memoryWindows: whole('memory-windows', values['memory-windows'], 20),
    seed: whole('seed', values.seed, 0),
    json: values.json,
    page: !values['no-page'],
  };
}
