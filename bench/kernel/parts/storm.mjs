/** A storm of failed lookups, with nothing attached, with empty programs, with ours, with bpftrace. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupIdOf } from '@dentryscope/native';
import { Child } from '../../../scripts/lib/child.mjs';
import { makeCgroups } from '../lib/cgroups.mjs';
import { fileSystemOf } from '../../lib/machine.mjs';
import {
  bpftracePrograms,
  openBpftraceAllocations,
  openBpftraceSame,
  openFloor,
  openNothing,
  openOurs,
} from '../lib/probes.mjs';
import { bpftrace, built } from '../lib/setup.mjs';
import { median, shuffler, summary } from '../../lib/stats.mjs';

const ways = {
  none: openNothing,
  floor: openFloor,
  ours: openOurs,
  bpftrace: openBpftraceSame,
  bpftraceAllocations: openBpftraceAllocations,
};
const compared = Object.keys(ways).slice(1);
/** Of each way in each round; the median speaks for them. */
const STORMS = 9;
/** A neighbour shows in a loop that no program can slow. Storms beside one are left out and made again, up to a limit. */
const QUIET = 1.05;
const MOST_STORMS = 4 * STORMS;
const WARM_UPS = 2;
const MOST_ABOVE_FLOOR_POINTS = 1;
const LEAST_TIMES_LESS = 4;

/** The lookups and the directories they happen in. */
function checkCount(way, told, storms, lookups) {
  const wanted = BigInt(storms) * (BigInt(lookups) + 1n);
  if (told && told.count !== wanted)
    throw new Error(`${way} counted ${told.count} dentries of ${wanted}: the storm was not seen whole`);
}

/** All storms of a way in a round, and which of them had no neighbour. */
async function storms({ storm, quietest, args }) {
  const all = [];
  let quiet = [];
  while (quiet.length < STORMS && all.length < MOST_STORMS) {
    all.push(JSON.parse(await storm.ask(args.lookups)));
    quietest.loopNs = Math.min(quietest.loopNs, all.at(-1).loopNs);
    quiet = all.filter(({ loopNs }) => loopNs <= QUIET * quietest.loopNs);
  }
  return { all, quiet };
}

async function slice(context, way) {
  const { scope, cgroupId, args, tally } = context;
  const close = await ways[way](scope, cgroupId);
  const { all, quiet } = await storms(context);
  const told = await close();
  checkCount(way, told, all.length, args.lookups);
  const noisy = quiet.length < STORMS;
  tally.noisySlices += noisy ? 1 : 0;
  tally.leftOut += noisy ? 0 : all.length - quiet.length;
  const over = (clock) => median((noisy ? all : quiet).map((time) => time[clock]));
  return { time: { cpuNs: over('cpuNs'), wallNs: over('wallNs') }, hooks: told?.hooks };
}

async function oneRound(context, order) {
  const round = {};
  for (const way of order) round[way] = await slice(context, way);
  return round;
}

const percent = (round, way, clock) => (round[way].time[clock] / round.none.time[clock] - 1) * 100;

/** All of a round's figures are compared within the round: what the machine does else changes slower than that. */
function figures(rounds, { lookups }) {
  const over = (compute) => summary(rounds.map(compute));
  const slowdown = (clock) =>
    Object.fromEntries(compared.map((way) => [way, over((round) => percent(round, way, clock))]));
  const aboveFloor = over((round) => percent(round, 'ours', 'cpuNs') - percent(round, 'floor', 'cpuNs'));
  const cpu = slowdown('cpuNs');
  const timesLess = cpu.bpftrace.median / cpu.ours.median;
  return {
    perLookupNs: Object.fromEntries(
      Object.keys(ways).map((way) => [way, over((round) => round[way].time.cpuNs / lookups)]),
    ),
    slowdownPercent: { cpu, wall: slowdown('wallNs') },
    aboveFloorPoints: aboveFloor,
    timesLess,
    timesLessThanAllocations: cpu.bpftraceAllocations.median / cpu.ours.median,
    pass: {
      floor: aboveFloor.median <= MOST_ABOVE_FLOOR_POINTS,
      bpftrace: cpu.ours.median <= 0 || timesLess >= LEAST_TIMES_LESS,
    },
    wanted: { floorPoints: MOST_ABOVE_FLOOR_POINTS, timesLess: LEAST_TIMES_LESS },
  };
}

export async function storm({ args, scope, folder, work, say }) {
  const version = await bpftrace();
  const [cgroup] = makeCgroups(folder, 'storm', 1);
  const dir = join(work, 'storm');
  mkdirSync(dir);
  scope.defer(() => rmSync(dir, { recursive: true, force: true }));
  const program = [String(args.cpu), dir, join(cgroup, 'cgroup.procs')];
  const child = new Child(scope, join(built, 'storm'), program);
  const tally = { leftOut: 0, noisySlices: 0 };
  const quietest = { loopNs: Infinity };
  const context = { scope, storm: child, cgroupId: cgroupIdOf(cgroup), args, tally, quietest };
  const shuffle = shuffler(args.seed);
  for (let i = 0; i < WARM_UPS; i += 1) await child.ask(args.lookups);
  const rounds = [];
  while (rounds.length < args.rounds) {
    rounds.push(await oneRound(context, shuffle(Object.keys(ways))));
    say(`round ${rounds.length}/${args.rounds}`);
  }
  await child.end();
  const { lookups, seed, cpu } = args;
  const hooks = rounds[0].ours.hooks;
  const compare = { version, programs: bpftracePrograms };
  return {
    lookups,
    storms: STORMS,
    ...tally,
    seed,
    cpu,
    fileSystem: fileSystemOf(dir),
    hooks,
    bpftrace: compare,
    ...figures(rounds, args),
  };
}
