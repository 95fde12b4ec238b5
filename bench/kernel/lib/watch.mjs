/** A process's processor time and memory over time, from /proc. */
import { readFileSync } from 'node:fs';
import { cpuMsOf } from '../../lib/processor-time.mjs';
import { median, slope } from '../../lib/stats.mjs';

const MIB_KIB = 1024;
const HOUR_MS = 3_600_000;
const SPANS = 6;

function memoryMiB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / MIB_KIB;
  return { rss: of('VmRSS'), anonymous: of('RssAnon'), peak: of('VmHWM') };
}

/** The median of each sixth of the time. */
function medians(values) {
  const length = Math.ceil(values.length / SPANS);
  return Array.from({ length: SPANS }, (_, n) => values.slice(n * length, (n + 1) * length))
    .filter((span) => span.length > 0)
    .map(median);
}

export class Watch {
  #samples = [];

  constructor(pid) {
    this.pid = pid;
  }

  sample() {
    this.#samples.push({ atMs: performance.now(), cpuMs: cpuMsOf(this.pid), ...memoryMiB(this.pid) });
  }

  /** Of the samples after the first `warmUpMs`. Slope in MiB an hour. */
  figures(warmUpMs) {
    const from = this.#samples[0].atMs + warmUpMs;
    const steady = this.#samples.filter(({ atMs }) => atMs >= from);
    const [first, last] = [steady[0], steady.at(-1)];
    const hours = steady.map(({ atMs }) => (atMs - first.atMs) / HOUR_MS);
    const rss = steady.map((sample) => sample.rss);
    return {
      cpuPercent: ((last.cpuMs - first.cpuMs) / (last.atMs - first.atMs)) * 100,
      cpuMsBeforeSteady: first.cpuMs,
      rssMiB: median(rss),
      rssPeakMiB: last.peak,
      anonymousMiB: median(steady.map(({ anonymous }) => anonymous)),
      rssSlopeMiBPerHour: slope(hours, rss),
      rssMiBBySixth: medians(rss),
      samples: steady.length,
      series: this.#samples.map(({ atMs, rss: mib, cpuMs: ms }) => ({
        atMs: Math.round(atMs),
        rss: mib,
        cpuMs: ms,
      })),
    };
  }
}
