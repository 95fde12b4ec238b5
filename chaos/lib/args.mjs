import { parseArgs } from 'node:util';
import { oneOf, parts, string, whole } from '../../scripts/lib/flags.mjs';
import { faults } from './faults.mjs';

export const systemNames = ['parts', 'embedded', 'plain'];

export const help = `npm run chaos [-- FLAGS]

Agents, ingesters, broker and store are killed (SIGKILL) and held (SIGSTOP) at random, in any order and several at once,
while windows are made. Then every value of every window is asked back through the API: none may be lost, doubled or
wrong, and nothing may have gone to the dead letters.

  --on LIST         of ${systemNames.join(', ')}; default: parts,embedded
                      parts     agents, two ingesters and the API, on a real Kafka and a real InfluxDB
                      embedded  agents and standalone: the log in SQLite, the store in DuckDB
                      plain     as parts, with two plain consumers in the ingesters' place (kafkajs's auto-commit, the
                                InfluxDB client's Point and WriteApi as they come): shows that a loss is seen
  --kills N         SIGKILLs; default 50. A third as many processes are held besides
  --nodes N         simulated nodes; default 4
  --seed S          of the faults and the values; default 1. When a fault meets a process is the machine's
  --fault NAME      breaks something on purpose, to see it found: ${Object.keys(faults).join(', ')}
  --json FILE       also writes all figures there
  --help

Exit status 1 where a window was lost, doubled or wrong: the first ones are named, and the logs of all processes are
kept. Ctrl-C ends it and removes what it made.
`;

const flags = {
  on: string('parts,embedded'),
  kills: string('50'),
  nodes: string('4'),
  seed: string('1'),
  fault: string(),
  json: string(),
  help: { type: 'boolean', short: 'h', default: false },
};

/** @throws Error that names the flag */
export function readArgs(args) {
  const { values } = parseArgs({ args, options: flags });
  return {
    help: values.help,
    systems: parts(values.on, systemNames, 'on'),
    kills: whole('kills', values.kills, 0),
    nodes: whole('nodes', values.nodes, 1),
    seed: whole('seed', values.seed, 0),
    fault: values.fault === undefined ? undefined : oneOf('fault', values.fault, Object.keys(faults)),
    json: values.json,
  };
}
