/** The generated parts of docs/overhead.md. */
import { digits, interval, signed, spread, table, thousands, verdict } from '../../lib/format.mjs';
import { measuredOn } from '../../lib/machine.mjs';

const eventRows = [
  ['ours', 'ours: id of the cgroup, count'],
  ['ours_tab', "ours by slab tracepoint: count on the CPU's tab"],
  ['ours_live', 'ours: an allocation and its free, counted and sampled'],
  ['ours_250', 'count alone, 250 cgroups in turn'],
  ['ours_colliding', 'count alone, two cgroups of one slot in turn'],
  ['ours_4000', 'count alone, 4,000 cgroups in turn'],
  ['percpu_hash_add', 'helper, per-CPU hash, add'],
  ['hash_add', 'helper, hash, atomic add'],
  ['hash_update', 'helper, hash, `bpf_map_update_elem` at each event'],
];

function cost({ events, runs, perEventNs, counts, timesCheaper, pass, wanted }) {
  const counted = (name) => `${thousands(counts[name].counted)} of ${thousands(counts[name].events)}`;
  const rows = eventRows.map(([name, what]) => [what, spread(perEventNs[name]), counted(name)]);
  return [
    table(['way of counting', 'ns an event, median (quartiles)', 'counted'], rows),
    `${perEventNs.ours.rounds} rounds; in each the median of ${runs} runs of ${thousands(events)} events, the empty loop ` +
      `taken off. Ours against the hash updated at each event: ${interval(timesCheaper)} times cheaper; wanted ${wanted}: ` +
      `**${verdict(pass)}**.`,
  ];
}

const stormNames = {
  none: 'nothing attached',
  floor: 'empty programs on kmem_cache_alloc and kmem_cache_free',
  ours: 'all programs of the agent',
  bpftrace: 'bpftrace, the same: allocations by cgroup, and frees',
  floorAllocations: 'an empty program on kmem_cache_alloc alone',
  oursAllocations: 'ours, allocations by cgroup alone',
  bpftraceAllocations: 'bpftrace, allocations by cgroup alone',
};

function storm(result) {
  const { perLookupNs, slowdownPercent, aboveFloorPoints, timesLess, allocationsAlone, pass, wanted } =
    result;
  const slowdown = (clock, way) => (way === 'none' ? '' : signed(spread(slowdownPercent[clock][way], ' %')));
  const rows = Object.entries(stormNames).map(([way, what]) => [
    ...[what, spread(perLookupNs[way]), slowdown('cpu', way), slowdown('wall', way)],
  ]);
  const hooks = result.hooks.map(({ hook, backend }) => `${hook} ${backend ?? 'not attached'}`).join(', ');
  return [
    table(['', 'ns of processor time a lookup', 'slower by, processor time', 'slower by, wall clock'], rows),
    `${perLookupNs.none.rounds} rounds; in each every way is attached ${result.slices.ours} times, bpftrace ${result.slices.bpftrace}, for ${result.storms} storms of ` +
      `${thousands(result.lookups)} lookups on ${result.fileSystem}, CPU ` +
      `${result.cpu}, seed ${result.seed}; ${thousands(result.leftOut)} storms beside which something else ran were left out and made again, ` +
      `${result.disturbedSlices} times there was no end of it. Half of all loops took ${digits(result.pace.q1)} to ${digits(result.pace.q3)} of ` +
      `their median. Medians (quartiles); slowdowns are paired within a round. Ours above the empty ` +
      `programs: ${interval(aboveFloorPoints)} percentage points; wanted at most ${wanted.floorPoints}: ` +
      `**${verdict(pass.floor)}**. With ${result.copies} copies at once of the programs that count dentries each is ` +
      `${interval(result.copyAboveFloorPoints)} points above an empty one. bpftrace, counting the same, slows ${interval(timesLess)} times as much as ours; wanted ${wanted.timesLess}: ` +
      `**${verdict(pass.bpftrace)}**. It slows ${interval(result.floorTimesLess)} times as much as empty programs, which no program on these ` +
      `tracepoints can go beyond. Allocations by cgroup alone, on one tracepoint: ours ` +
      `${interval(allocationsAlone.aboveFloorPoints)} points above an empty program there, and bpftrace ${interval(allocationsAlone.timesLess)} times as much as ours; wanted ${wanted.timesLess}: ` +
      `**${verdict(pass.allocationsAlone)}**. So counting, which sees no frees, bpftrace still slows ` +
      `${interval(result.timesLessThanAllocations)} times as much as all of ours.`,
    `Hooks of the agent here: ${hooks}. ${result.bpftrace.version}: \`${result.bpftrace.programs.same}\`.`,
  ];
}

const drainRows = [
  ['table', 'ours, in the addon (C++)'],
  ['addon', 'ours, `DentryProbe.drain()` with its arrays for JavaScript'],
  ['lookupBatch', 'per-CPU hash, `bpf_map_lookup_batch`, one call'],
  ['nextKeyLookup', 'per-CPU hash, `bpf_map_get_next_key` and `bpf_map_lookup_elem`'],
];

function drain({ cgroups, perEntryNs, timesCheaper, pass, wanted }) {
  const rows = drainRows.map(([way, what]) => [what, spread(perEntryNs[way])]);
  return [
    table(['way of reading', 'ns an entry, median (quartiles)'], rows),
    `${thousands(cgroups)} cgroups with one failed lookup each, ${timesCheaper.rounds} rounds. Against next_key and lookup: ` +
      `${interval(timesCheaper)} times cheaper; wanted ${wanted}: **${verdict(pass)}**.`,
  ];
}

function processRow(
  name,
  { cpuPercent, rssMiB, anonymousMiB, rssPeakMiB, rssSlopeMiBPerHour: { value, error } },
) {
  const memory = [digits(rssMiB), digits(anonymousMiB), digits(rssPeakMiB)];
  return [name, digits(cpuPercent), ...memory, `${digits(value)} ± ${digits(error)}`];
}

function agent(result) {
  const { busy, dentries, lookupsPerSecond, windowMs, warmUpMs, durationMs, did, pass, wanted } = result;
  const head = ['', '% of a core', 'RSS MiB', 'of it anonymous', 'peak', 'RSS slope, MiB an hour'];
  const rows = [
    processRow(`\`dentryscope agent --transport ${result.transport}\``, result.agent),
    processRow(result.exporterVersion.replace(/ \(.*/, ''), result.exporter),
  ];
  return [
    table(head, rows),
    `${busy} cgroups with ${lookupsPerSecond} failed lookups a second each, ${thousands(dentries)} negative dentries made ` +
      `since the agent started, windows of ${windowMs / 1000} s; the exporter scraped once a window. Watched for ` +
      `${digits(durationMs / 60_000)} minutes, the first ${digits(warmUpMs / 1000)} s left out. The agent closed ` +
      `${did.windows} windows and counted ${thousands(did.dentries)} dentries meanwhile. Wanted: at most ` +
      `${wanted.cpuPercent} % (**${verdict(pass.cpu)}**) and ${wanted.rssMiB} MiB (**${verdict(pass.rss)}**), from the second sixth of the time ` +
      `to the last at most ${wanted.growthMiB} MiB more (**${verdict(pass.flat)}**). The agent’s medians by sixths: ` +
      `${result.agent.rssMiBBySixth.map(digits).join(', ')} MiB.`,
  ];
}

const tables = { cost, storm, drain, agent };

export const section = (name, result) => [...tables[name](result), measuredOn(result.machine)].join('\n\n');
