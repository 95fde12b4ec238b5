import { totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { number, parts, string, whole } from '../../../scripts/lib/flags.mjs';

export const partNames = ['cost', 'storm', 'drain', 'agent'];

export const help = `npm run bench:kernel [-- FLAGS]

What the kernel side costs on this machine, measured side by side with what it is compared with. As root. Writes the
figures into docs/overhead.md: parts that are not run keep the figures they had.

  --only LIST       of ${partNames.join(', ')}; default: all
  --rounds N        rounds of cost, storm and drain; default 40
  --minutes N       how long the agent is watched; default 5 (60 for a slope worth having)
  --lookups N       failed lookups of a storm; default 20000
  --cgroups N       cgroups that are drained; default 4000
  --busy N          cgroups that keep the agent busy; default 250
  --dentries N      negative dentries made before the agent is watched, so that its sample is full; default 12000000, or a tenth
                    of memory
  --cpu N           where storms and loops run; default: the last
  --seed N          order of a storm's rounds; default: the time
  --json FILE       also writes all figures there
  --no-page         leaves docs/overhead.md alone
  --help

Needs gcc, g++, clang, make, libbpf-dev; gets bpftrace and node-exporter from Debian. Ctrl-C detaches all programs and
removes the cgroups. The figures are worth something on a machine that does nothing else.
`;

/** At any rate that the agent may have come to, its sample is then as full as it gets; 200 bytes each, a tenth of memory. */
const fullSample = Math.min(12_000_000, Math.floor(totalmem() / 10 / 200));

const flags = {
  only: string(partNames.join(',')),
  rounds: string('40'),
  minutes: string('5'),
  lookups: string('20000'),
  cgroups: string('4000'),
  busy: string('250'),
  dentries: string(String(fullSample)),
  cpu: string(),
  seed: string(),
  json: string(),
  'no-page': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/** @throws Error that names the flag */
export function readArgs(args, cpus) {
  const { values } = parseArgs({ args, options: flags });
  return {
    help: values.help,
    parts: parts(values.only, partNames),
    rounds: whole('rounds', values.rounds, 1),
    minutes: number('minutes', values.minutes, 0.1),
    lookups: whole('lookups', values.lookups, 1),
    cgroups: whole('cgroups', values.cgroups, 1),
    busy: whole('busy', values.busy, 1),
    dentries: whole('dentries', values.dentries, 0),
    cpu: whole('cpu', values.cpu ?? String(cpus - 1), 0),
    seed: whole('seed', values.seed ?? String(Date.now() % 2 ** 32), 0),
    json: values.json,
    page: !values['no-page'],
  };
}
