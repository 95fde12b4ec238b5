import { parseArgs } from 'node:util';
import { oneOf } from '../../scripts/lib/flags.mjs';
import { faults } from './faults.mjs';

export const help = `npm run fuzz [-- FLAGS]

Mutated messages through the ingester's handler. Each must be accepted, or go to the dead letters with its reason, as a
reading of the wire format by the book says; nothing may throw or hang, and memory must stay flat.

  --messages N      default 100000
  --seed S          default 1; the same seed gives the same messages
  --only INDEX      sends one message, and says what becomes of it
  --bound SECONDS   a message that takes longer hangs; default 30
  --fault NAME      breaks the handler on purpose, to see it found: ${Object.keys(faults).join(', ')}
  --json FILE       also writes all figures there
  --help

Exit status 1 with seed, index and a file of the message where one was found. Ctrl-C says how far it came.
`;

function whole(name, text, least, most) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`--${name} wants a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

const flags = {
  messages: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '1' },
  only: { type: 'string' },
  bound: { type: 'string', default: '30' },
  fault: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
};

/** @throws Error that names the flag */
export function readArgs(args) {
  const { values } = parseArgs({ args, options: flags });
  return {
    help: values.help,
    messages: whole('messages', values.messages, 1, 2 ** 32),
    seed: whole('seed', values.seed, 0, 2 ** 32 - 1),
    only: values.only === undefined ? undefined : whole('only', values.only, 0, 2 ** 32),
    boundSeconds: whole('bound', values.bound, 1, 3600),
    fault: values.fault === undefined ? undefined : oneOf('fault', values.fault, Object.keys(faults)),
    json: values.json,
  };
}
