/** A storm of failed lookups, with nothing attached, with empty programs, with ours, with bpftrace. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupIdOf } from '@dentryscope/native';
import { Child } from '../../../scripts/lib/child.mjs';
import { makeCgroups } from '../lib/cgroups.mjs';
import { fileSystemOf } from '../../lib/machine.mjs';
import {
  bpftracePrograms,
  COPIES,
  openBpftraceAllocations,
  openBpftraceSame,
  openFloor,
  openFloorAllocations,
  openFloorCopies,
  openNothing,
  openOurs,
  openOursAllocations,
  openOursCopies,
} from '../lib/probes.mjs';
import { bpftrace, built } from '../lib/setup.mjs';
import { median, quantile, shuffler, summary } from '../../lib/stats.mjs';

const ways = {
  none: openNothing,
  floor: openFloor,
  ours: openOurs,
  bpftrace: openBpftraceSame,
  floorAllocations: openFloorAllocations,
  oursAllocations: openOursAllocations,
  bpftraceAllocations: openBpftraceAllocations,
  floorCopies: openFloorCopies,
  oursCopies: openOursCopies,
};
const compared = Object.keys(ways).slice(1);
/** Of a slice; the median speaks for them. */
const STORMS = 5;
/**
 * Slices of each way in a round, in any order among the others'. Where programs come to lie in memory differs from load
 * to load, and the nearest ways are told apart by it least: those are loaded more often.
 */
const SLICES = {
  none: 3,
  floor: 3,
  ours: 3,
  bpftrace: 1,
  floorAllocations: 1,
  oursAllocations: 1,
  bpftraceAllocations: 1,
  floorCopies: 1,
  oursCopies: 1,
};
/**
 * The loops before and after a storm may take so much longer than those of an undisturbed CPU; else something ran beside
 * it, which took caches as well as time, and it is made again. Undisturbed is the quickest twentieth of the last loops.
 */
const DISTURBED = 1.02;
const LAST_LOOPS = 600;
const MOST_STORMS = 10 * STORMS;
const WARM_UPS = 20;
const MOST_ABOVE_FLOOR_POINTS = 1;
const LEAST_TIMES_LESS = 4;

/** The lookups and the directories they happen in. */
function checkCount(way, told, storms, lookups) {
  const wanted = BigInt(storms) * (BigInt(lookups) + 1n);
  if (told && told.count !== wanted)
    throw new Error(`${way} counted ${told.count} dentries of ${wanted}: the storm was not seen whole`);
}

/** What the loop took, which tells the pace at which the storm ran. */
const loopNs = ({ loopsNs }) => (loopsNs[0] + loopsNs[1]) / 2;

async function oneStorm({ storm, args, tally }) {
  const time = JSON.parse(await storm.ask(args.lookups));
  tally.loopsNs.push(...time.loopsNs);
  const undisturbedNs = quantile(tally.loopsNs.slice(-LAST_LOOPS), 0.05);
  return { ...time, quiet: Math.max(...time.loopsNs) <= DISTURBED * undisturbedNs };
}

/** All storms of a slice, and those of them at the pace of an undisturbed CPU. */
async function storms(context) {
  const all = [];
  let quiet = [];
  while (quiet.length < STORMS && all.length < MOST_STORMS) {
    all.push(await oneStorm(context));
    quiet = all.filter((one) => one.quiet);
  }
  return { all, quiet };
}

/** Times are in loops, the same work at the same pace; `figures()` makes nanoseconds of them. */
async function slice(context, way) {
  const { scope, cgroupId, args, tally } = context;
  const close = await ways[way](scope, cgroupId);
  const { all, quiet } = await storms(context);
  const told = await close();
  checkCount(way, told, all.length, args.lookups);
  const disturbed = quiet.length < STORMS;
  tally.disturbedSlices += disturbed ? 1 : 0;
  tally.leftOut += disturbed ? 0 : all.length - quiet.length;
  const over = (clock) => median((disturbed ? all : quiet).map((time) => time[clock] / loopNs(time)));
  return { time: { cpuNs: over('cpuNs'), wallNs: over('wallNs') }, hooks: told?.hooks };
}

/** The mean of a way's slices. */
function together(slices) {
  const mean = (clock) => slices.reduce((sum, { time }) => sum + time[clock], 0) / slices.length;
  return { time: { cpuNs: mean('cpuNs'), wallNs: mean('wallNs') }, hooks: slices[0].hooks };
}

async function oneRound(context, shuffle) {
  const slices = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  const all = Object.keys(ways).flatMap((way) => Array(SLICES[way]).fill(way));
  for (const way of shuffle(all)) slices[way].push(await slice(context, way));
  return Object.fromEntries(Object.entries(slices).map(([way, made]) => [way, together(made)]));
}

const percent = (round, way, clock) => (round[way].time[clock] / round.none.time[clock] - 1) * 100;

/**
 * All of a round's figures are compared within the round: what the machine does else changes slower than that.
 * @param referenceNs what a loop takes at the pace at which nanoseconds are told
 */
function figures(rounds, { lookups }, referenceNs) {
  const over = (compute) => summary(rounds.map(compute));
  const slowdown = (clock) =>
    Object.fromEntries(compared.map((way) => [way, over((round) => percent(round, way, clock))]));
  const above = (round, way, floor) => percent(round, way, 'cpuNs') - percent(round, floor, 'cpuNs');
  const aboveFloor = over((round) => above(round, 'ours', 'floor'));
  const cpu = slowdown('cpuNs');
  const times = (way, than) => over((round) => percent(round, way, 'cpuNs') / percent(round, than, 'cpuNs'));
  const timesLess = times('bpftrace', 'ours');
  const alone = {
    aboveFloorPoints: over((round) => above(round, 'oursAllocations', 'floorAllocations')),
    timesLess: times('bpftraceAllocations', 'oursAllocations'),
  };
  return {
    perLookupNs: Object.fromEntries(
      Object.keys(ways).map((way) => [way, over((round) => (round[way].time.cpuNs * referenceNs) / lookups)]),
    ),
    slowdownPercent: { cpu, wall: slowdown('wallNs') },
    aboveFloorPoints: aboveFloor,
    copyAboveFloorPoints: over((round) => above(round, 'oursCopies', 'floorCopies') / COPIES),
    timesLess,
    floorTimesLess: times('bpftrace', 'floor'),
    allocationsAlone: alone,
    timesLessThanAllocations: times('bpftraceAllocations', 'ours'),
    pass: {
      floor: aboveFloor.median <= MOST_ABOVE_FLOOR_POINTS,
      bpftrace: cpu.ours.median <= 0 || timesLess.median >= LEAST_TIMES_LESS,
      allocationsAlone: cpu.oursAllocations.median <= 0 || alone.timesLess.median >= LEAST_TIMES_LESS,
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
  const tally = { leftOut: 0, disturbedSlices: 0, loopsNs: [] };
  const context = { scope, storm: child, cgroupId: cgroupIdOf(cgroup), args, tally };
  const shuffle = shuffler(args.seed);
  for (let i = 0; i < WARM_UPS; i += 1) await oneStorm(context);
  const rounds = [];
  while (rounds.length < args.rounds) {
    rounds.push(await oneRound(context, shuffle));
    say(`round ${rounds.length}/${args.rounds}`);
  }
  await child.end();
  const { lookups, seed, cpu } = args;
  const referenceNs = median(tally.loopsNs);
  const hooks = rounds[0].ours.hooks;
  const compare = { version, programs: bpftracePrograms };
  return {
    lookups,
    storms: STORMS,
    copies: COPIES,
    slices: SLICES,
    leftOut: tally.leftOut,
    disturbedSlices: tally.disturbedSlices,
    pace: summary(tally.loopsNs.map((ns) => ns / referenceNs)),
    seed,
    cpu,
    fileSystem: fileSystemOf(dir),
    hooks,
    bpftrace: compare,
    ...figures(rounds, args, referenceNs),
  };
}
