/** What a run came to, in a few lines on standard output: no test, since the figures are the machine's too. */
import { digits, interval, verdict } from '../../lib/format.mjs';

const lines = {
  cost: ({ perEventNs, timesCheaper, pass, wanted }) => [
    `${verdict(pass)}  an event costs ${digits(perEventNs.ours.median)} ns, ${interval(timesCheaper)} times less than ` +
      `a hash updated at each event; wanted: ${wanted}`,
  ],
  storm: ({
    slowdownPercent: { cpu },
    aboveFloorPoints,
    timesLess,
    allocationsAlone,
    timesLessThanAllocations,
    pass,
    wanted,
  }) => [
    `${verdict(pass.floor)}  ours slows lookups by ${digits(cpu.ours.median)} %, ${interval(aboveFloorPoints)} points ` +
      `above empty programs; wanted: at most ${wanted.floorPoints}`,
    `${verdict(pass.bpftrace)}  bpftrace, counting the same, slows them by ${digits(cpu.bpftrace.median)} %, ${interval(timesLess)} times as ` +
      `much; wanted: ${wanted.timesLess}`,
    `${verdict(pass.allocationsAlone)}  allocations by cgroup alone, on one tracepoint: bpftrace slows them by ` +
      `${digits(cpu.bpftraceAllocations.median)} %, ${interval(allocationsAlone.timesLess)} times as much as ours does ` +
      `(all of ours: ${interval(timesLessThanAllocations)}); wanted: ${wanted.timesLess}`,
  ],
  drain: ({ cgroups, perEntryNs, timesCheaper, pass, wanted }) => [
    `${verdict(pass)}  of ${cgroups} cgroups each is read in ${digits(perEntryNs.table.median)} ns, ` +
      `${interval(timesCheaper)} times faster than next_key and lookup; wanted: ${wanted}`,
  ],
  agent: ({ agent, exporter, busy, pass, wanted }) => [
    `${verdict(pass.cpu)}  at ${busy} busy cgroups the agent takes ${digits(agent.cpuPercent)} % of a core (node-exporter ` +
      `${digits(exporter.cpuPercent)} %); wanted: at most ${wanted.cpuPercent}`,
    `${verdict(pass.rss)}  and ${digits(agent.rssMiB)} MiB, growing by ${digits(agent.rssSlopeMiBPerHour.value)} ± ` +
      `${digits(agent.rssSlopeMiBPerHour.error)} MiB an hour (node-exporter ${digits(exporter.rssMiB)}); wanted: at most ` +
      `${wanted.rssMiB}`,
    `${verdict(pass.flat)}  its medians by sixths of the time: ${agent.rssMiBBySixth.map(digits).join(', ')} MiB; wanted: from ` +
      `the second to the last at most ${wanted.growthMiB} more`,
  ],
};

export const verdicts = (name, result) => `${lines[name](result).join('\n')}\n`;
