/** The wire beside JSON per cgroup: bytes of a row, and what it costs to read one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { Child } from '../../scripts/lib/child.mjs';
import { digits, interval, spread, table, thousands, verdict } from '../lib/format.mjs';
import { summary } from '../lib/stats.mjs';
import { record } from '../wire/record.mjs';

const LEAST_TIMES = { fewerBytes: 10, cheaper: 10 };

async function decode({ args, scope, work, say }) {
  const file = join(work, 'wire.bin');
  say(`recording ${args.nodes} nodes of ${args.cgroups} cgroups, ${args.windows} windows`);
  writeFileSync(file, serialize(record(args)));
  const script = join(import.meta.dirname, '../wire/decode.mjs');
  const child = new Child(scope, process.execPath, [script, file, args.rounds, args.seed].map(String));
  const size = JSON.parse(await child.line());
  const rounds = [];
  while (rounds.length < args.rounds) {
    rounds.push(JSON.parse(await child.line()));
    say(`round ${rounds.length}/${args.rounds}`);
  }
  await child.end();
  return { ...size, rounds };
}

export async function wire(context) {
  const { rows, windows, bytes, rounds } = await decode(context);
  const { nodes, cgroups, seed } = context.args;
  const over = (compute) => summary(rounds.map(compute));
  const bytesPerRow = Object.fromEntries(Object.entries(bytes).map(([way, all]) => [way, all / rows]));
  const nsPerRow = Object.fromEntries(
    Object.keys(rounds[0]).map((way) => [way, over((round) => round[way])]),
  );
  const fewerBytes = { plain: bytes.json / bytes.columns, gzip: bytes.jsonGzip / bytes.columnsGzip };
  const cheaper = {
    plain: over((round) => round.json / round.columns),
    gzip: over((round) => round.jsonGzip / round.columnsGzip),
    whole: over((round) => round.json / round.whole),
  };
  const pass = {
    fewerBytes: fewerBytes.plain >= LEAST_TIMES.fewerBytes,
    cheaper: cheaper.plain.median >= LEAST_TIMES.cheaper,
  };
  const fleet = { nodes, cgroups, seed };
  return { fleet, rows, windows, bytesPerRow, nsPerRow, fewerBytes, cheaper, pass, wanted: LEAST_TIMES };
}

export const verdicts = ({ bytesPerRow, nsPerRow, fewerBytes, cheaper, pass, wanted }) =>
  `${verdict(pass.fewerBytes)}  a row takes ${digits(bytesPerRow.columns)} bytes, ${digits(fewerBytes.plain)} times fewer ` +
  `than as JSON; wanted: ${wanted.fewerBytes}\n` +
  `${verdict(pass.cheaper)}  to decode it takes ${digits(nsPerRow.columns.median)} ns, ${interval(cheaper.plain)} times less ` +
  `than as JSON; wanted: ${wanted.cheaper}\n`;

const wayRows = [
  ['json', 'JSON, a message a cgroup and window'],
  ['columns', 'protobuf columns, the same content'],
  ['whole', 'the windows as agents send them: with node state, cgroup paths, health'],
];

/** The text between the page's marks, without the machine. */
export function section({ fleet, rows, windows, bytesPerRow, nsPerRow, fewerBytes, cheaper, pass, wanted }) {
  const head = [
    ...['', 'bytes a row', 'ns a row to decode, median (quartiles)'],
    ...['bytes, gzip', 'ns to unzip and decode'],
  ];
  const cells = (way) => [digits(bytesPerRow[way]), spread(nsPerRow[way])];
  const plain = wayRows.map(([way, what]) => [what, ...cells(way), ...cells(`${way}Gzip`)]);
  const es = [
    'the columns, by protobuf-es alone',
    digits(bytesPerRow.columns),
    spread(nsPerRow.protobufEs),
    '',
    '',
  ];
  return [
    table(head, [...plain, es]),
    `${thousands(rows)} rows of ${thousands(windows)} windows of ${fleet.nodes} nodes with ${fleet.cgroups} cgroups, seed ${fleet.seed}; ` +
      `${cheaper.plain.rounds} rounds. The columns take ${digits(fewerBytes.plain)} times fewer bytes than JSON; wanted ` +
      `${wanted.fewerBytes}: **${verdict(pass.fewerBytes)}**. They are ${interval(cheaper.plain)} times cheaper to decode; wanted ` +
      `${wanted.cheaper}: **${verdict(pass.cheaper)}**. After gzip: ${digits(fewerBytes.gzip)} times fewer bytes, ` +
      `${interval(cheaper.gzip)} times cheaper. Whole windows, which say more than the JSON does, are ` +
      `${interval(cheaper.whole)} times cheaper a row.`,
  ];
}
