/** The embedded pair: windows out of the log into DuckDB by one process on one CPU, beside a straightforward writer. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { interval, spread, table, thousands, verdict, wholeSpread } from '../lib/format.mjs';
import { startPinned } from '../lib/pinned.mjs';
import { summary } from '../lib/stats.mjs';

/** What 1,000 nodes of 250 cgroups make with windows of 10 s, and how many times that is wanted. */
const NEEDED_ROWS_PER_SECOND = (1000 * 250) / 10;
const WANTED_TIMES = 20;
const FLEET = { nodes: 200, cgroups: 250, counters: 16 };
/** The ingester has one, what fills its log between the rounds the other. */
const CPU = { ingester: '1', filler: '0' };
/** Windows of the whole fleet a round: a way that is slow needs no more to show its rate. */
const ways = { ours: 15, appender: 2 };

async function open({ scope, work, args }, way) {
  const folder = join(work, `embedded-${way}`);
  mkdirSync(folder);
  const script = (name) => join(import.meta.dirname, '../embedded', name);
  const fleet = JSON.stringify({ ...FLEET, seed: args.seed });
  const filler = await startPinned(scope, CPU.filler, script('fill.mjs'), [join(folder, 'log'), fleet]);
  const ingester = await startPinned(scope, CPU.ingester, script('ingest.mjs'), [folder, way]);
  const round = async () => {
    const rows = Number(await filler.ask(ways[way]));
    const { ms, cpuMs } = JSON.parse(await ingester.ask(rows));
    return { rows, ms, cpuMs };
  };
  return { round, end: async () => void (await Promise.all([filler.end(), ingester.end()])) };
}

async function measured(context) {
  const { args, say } = context;
  const opened = Object.fromEntries(
    await Promise.all(Object.keys(ways).map(async (way) => [way, await open(context, way)])),
  );
  const rounds = [];
  // The first round tells the path of every cgroup, and compiles: it is not counted.
  for (let n = 0; n <= args.rounds; n++) {
    const figures = {};
    for (const way of Object.keys(ways)) figures[way] = await opened[way].round();
    if (n > 0) rounds.push(figures);
    say(`round ${n}/${args.rounds}`);
  }
  for (const { end } of Object.values(opened)) await end();
  return rounds;
}

export async function embedded(context) {
  const rounds = await measured(context);
  const over = (compute) => summary(rounds.map(compute));
  const rate = (way) => (round) => (round[way].rows * 1000) / round[way].ms;
  const nsPerRow = (way) => (round) => (round[way].cpuMs * 1e6) / round[way].rows;
  const each = (compute) => Object.fromEntries(Object.keys(ways).map((way) => [way, over(compute(way))]));
  const rowsPerSecond = each(rate);
  const times = over((round) => nsPerRow('appender')(round) / nsPerRow('ours')(round));
  const wanted = NEEDED_ROWS_PER_SECOND * WANTED_TIMES;
  const pass = rowsPerSecond.ours.median >= wanted;
  return {
    fleet: { ...FLEET, seed: context.args.seed },
    rowsPerSecond,
    cpuNsPerRow: each(nsPerRow),
    times,
    wanted,
    pass,
  };
}

export const verdicts = ({ rowsPerSecond: { ours }, cpuNsPerRow, times, wanted, pass }) =>
  `${verdict(pass)}  ${thousands(ours.median)} rows/s from log to committed on one CPU, ` +
  `${thousands(1e9 / cpuNsPerRow.ours.median)} a second of its time; wanted: ${thousands(wanted)}\n` +
  `      CPU time: ${interval(times)} times less than an appender value by value\n`;

const rows = [
  ['ours', 'the embedded store'],
  ['appender', "DuckDB's appender, value by value"],
];

/** The text between the page's marks, without the machine. */
export function section({ fleet, rowsPerSecond, cpuNsPerRow, times, wanted, pass }) {
  const head = ['', 'rows a second, median (quartiles)', 'ns of CPU time a row', 'rows a second of CPU time'];
  const lines = rows.map(([way, what]) => {
    const cpu = cpuNsPerRow[way];
    return [what, wholeSpread(rowsPerSecond[way]), spread(cpu), thousands(1e9 / cpu.median)];
  });
  return [
    table(head, lines),
    `${fleet.nodes} nodes with ${fleet.cgroups} cgroups, ${fleet.counters} counters, seed ${fleet.seed}; ` +
      `${rowsPerSecond.ours.rounds} rounds. Wanted: ${thousands(wanted)} rows a second, ${WANTED_TIMES} times what 1,000 nodes ` +
      `with 250 cgroups need: **${verdict(pass)}** (${(rowsPerSecond.ours.median / NEEDED_ROWS_PER_SECOND).toFixed(1)} times). ` +
      `Processor time: ${interval(times)} times less than value by value.`,
  ];
}
