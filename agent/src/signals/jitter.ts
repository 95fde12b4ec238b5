/** How late the timers of each CPU come: sees a CPU that is held where the kernel has no watchdog. */
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import type { JitterSample, TimerJitter } from '@dentryscope/native';
import { wallMsOf } from '../monotonic.js';
import { hookReport } from '../signal-reports.js';
import type { HookReport, Signal, SignalSample } from '../signal.js';
import { Longest, MAX_STALLS } from './longest.js';

/** Whether the kernel itself watches for CPUs that are held (CONFIG_SOFTLOCKUP_DETECTOR, kernel.watchdog). */
export function kernelWatches(procRoot: string): boolean {
  try {
    return readFileSync(join(procRoot, 'sys/kernel/watchdog'), 'utf8').trim() !== '0';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

export class JitterSignal implements Signal {
  /** Of the windows that were not kept, and this one. */
  #latest = new Map<number, bigint>();
  readonly #stalls = new Longest<JitterSample['stalls'][number]>(({ lateNs }) => lateNs);
  #last: JitterSample | undefined;

  constructor(private readonly jitter: TimerJitter) {}

  hooks(): readonly HookReport[] {
    return [hookReport('timer_jitter', 'thread', undefined, { missed: this.#last?.stallsLost ?? 0n })];
  }

  sample(): SignalSample {
    const sample = this.jitter.drain();
    this.#last = sample;
    sample.cpus.forEach((cpu, i) => {
      const late = sample.maxLateNs[i]!;
      if (late >= (this.#latest.get(cpu) ?? 0n)) this.#latest.set(cpu, late);
    });
    for (const cpu of sample.unseen) this.#latest.delete(cpu);
    this.#stalls.add(sample.stalls);
    return {
      state: jitterState(this.#latest, sample.unseen),
      fields: { stalls: this.#stalls.events.map(stallEvent) },
      keep: () => {
        this.#latest = new Map();
        this.#stalls.clear();
      },
    };
  }

  forget(): void {}

  problems(): readonly string[] {
    const { notRealtime = null, unseen = [] } = this.#last ?? {};
    return [
      ...(notRealtime === null
        ? []
        : [
            `timer_jitter includes waiting behind other tasks: no real-time threads (CAP_SYS_NICE): ${notRealtime}`,
          ]),
      ...(unseen.length > 0 ? [`timer_jitter does not see CPU ${unseen.join(', ')}`] : []),
      ...(this.#stalls.untold > 0
        ? [
            `${this.#stalls.untold} late timers are not told as events: a window tells the ${MAX_STALLS} latest`,
          ]
        : []),
    ];
  }

  close(): void {
    this.jitter.close();
  }
}

/** The array has no place for a CPU that is not seen: with a gap below the last one there is the maximum only. */
function jitterState(latest: ReadonlyMap<number, bigint>, unseen: readonly number[]) {
  if (latest.size === 0) return {};
  const cpus = [...latest.keys()].sort((a, b) => a - b);
  const byCpu = cpus.map((cpu) => latest.get(cpu)!);
  const whole = !unseen.some((cpu) => cpu < cpus.at(-1)!);
  return {
    timerJitterMaxNs: byCpu.reduce((max, late) => (late > max ? late : max)),
    ...(whole ? { timerJitterNsByCpu: byCpu } : {}),
  };
}

function stallEvent({ cpu, dueNs, lateNs }: JitterSample['stalls'][number]) {
  return {
    kind: 'timer_jitter',
    startMs: wallMsOf(dueNs),
    startMonotonicNs: dueNs,
    durationNs: lateNs,
    cpu,
  };
}
