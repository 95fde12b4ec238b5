/** Soft and hard lockups, RCU stalls and hung tasks: what the kernel's own watchdogs say, from /dev/kmsg. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Detectors } from '../kernel-log/detectors.js';
import type { Roots, Standing } from '../kernel-log/detectors.js';
import type { ReportKind } from '../kernel-log/heads.js';
import { Kmsg } from '../kernel-log/kmsg.js';
import { LogClock } from '../kernel-log/log-clock.js';
import type { LogRecord } from '../kernel-log/records.js';
import { ReportReader } from '../kernel-log/reports.js';
import type { Report } from '../kernel-log/reports.js';
import { wallMsOf } from '../monotonic.js';
import type { KernelLogNotes, Notes } from '../notes.js';
import { hookReport } from '../signal-reports.js';
import type { HookReport, Signal, SignalSample } from '../signal.js';

/** Between windows, so that the kernel's ring (dmesg -s) does not turn over unread. */
const POLL_MS = 500;
/** The lines of a report follow within milliseconds, on a slow console within a second. */
const PATIENCE_NS = 2_000_000_000n;
/** Events of a window. The counters count all. */
const MAX_REPORTS = 100;

export interface KernelLogOptions extends Roots {
  /** Default: /dev/kmsg. */
  readonly path?: string;
  /** Where the agent before ended. Default: what was logged before is not told. */
  readonly last?: KernelLogNotes | undefined;
}

const counterOf = {
  softlockup: 'softlockups',
  hardlockup: 'hardlockups',
  rcu: 'rcuStalls',
  hung_task: 'hungTasks',
} as const;
const kinds = Object.keys(counterOf) as ReportKind[];

export class KernelLogSignal implements Signal {
  readonly #reader = new ReportReader();
  readonly #clock = new LogClock(BigInt(2 * POLL_MS) * 1_000_000n);
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #kmsg: Kmsg | undefined;
  #refused: string | undefined;
  #reports: Report[] = [];
  readonly #detectors: Detectors;
  /** At the end of the last window that was kept. */
  #last: Standing;
  #polledNs: bigint;
  #lastLineNs = 0n;
  #untold = 0;

  constructor(private readonly options: KernelLogOptions) {
    this.#detectors = new Detectors(options);
    const standing = this.#detectors.standing();
    this.#last = { ...standing, hungTasks: options.last?.hungTasks ?? standing.hungTasks };
    // What is there already was not read in time: it does not tell the clock.
    this.#polledNs = options.last ? 0n : process.hrtime.bigint();
    try {
      this.#kmsg = new Kmsg(options.path ?? '/dev/kmsg', options.last?.sequence);
      this.#timer = setInterval(() => this.poll(), POLL_MS);
      this.#timer.unref();
    } catch (error) {
      this.#refused = refusal(error as NodeJS.ErrnoException);
    }
  }

  hooks(): readonly HookReport[] {
    return [hookReport('kernel_log', 'kmsg', this.#refused)];
  }

  /** What was logged since the last call, into the reports of this window. */
  poll(): void {
    if (!this.#kmsg || this.#refused !== undefined) return;
    try {
      this.#take(this.#kmsg.read());
    } catch (error) {
      this.#refused = refusal(error as NodeJS.ErrnoException);
    }
  }

  sample(): SignalSample {
    this.poll();
    if (this.#refused !== undefined) return { keep: () => {} };
    const reports = [...this.#reports];
    const standing = this.#detectors.standing();
    return {
      state: this.#counts(reports, standing),
      fields: { stalls: reports.slice(0, MAX_REPORTS).map((report) => this.#event(report)) },
      notes: this.#notes(standing),
      keep: () => {
        this.#reports = this.#reports.slice(reports.length);
        this.#untold += Math.max(0, reports.length - MAX_REPORTS);
        this.#last = standing;
      },
    };
  }

  #notes({ hungTasks }: Standing): Notes {
    const sequence = this.#kmsg?.lastSequence;
    if (sequence === undefined) return {};
    return { kernelLog: { sequence, ...(hungTasks === undefined ? {} : { hungTasks }) } };
  }

  /** Nothing for a detector that was off at the begin of the window or is now, unless it told something in between. */
  #counts(reports: readonly Report[], standing: Standing) {
    const counts: Partial<Record<(typeof counterOf)[ReportKind], bigint>> = {};
    for (const kind of kinds) {
      const count = this.#count(kind, reports, standing);
      const silent = standing.silent.has(kind) || this.#last.silent.has(kind);
      if (count > 0n || !silent) counts[counterOf[kind]] = count;
    }
    return counts;
  }

  #count(kind: ReportKind, reports: readonly Report[], { hungTasks }: Standing): bigint {
    const before = this.#last.hungTasks;
    if (kind === 'hung_task' && hungTasks !== undefined && before !== undefined)
      return hungTasks < before ? hungTasks : hungTasks - before;
    return BigInt(reports.filter((report) => report.kind === kind).length);
  }

  forget(): void {}

  problems(): readonly string[] {
    const lost = this.#kmsg?.lost ?? 0n;
    const silent = this.#refused === undefined ? this.#last.silent : [];
    return [
      ...[...silent].map(([kind, why]) => `${counterOf[kind]} are not measured: ${why}`),
      ...(lost > 0n ? [`${lost} lines of the kernel log were overwritten before they could be read`] : []),
      ...(this.#untold > 0 ? [`${this.#untold} reports of the kernel log were counted only`] : []),
    ];
  }

  finish(): void {
    this.poll();
    this.#reports.push(...this.#reader.flush());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#kmsg?.close();
    this.#refused ??= 'closed';
  }

  #take(records: readonly LogRecord[]): void {
    const nowNs = process.hrtime.bigint();
    const last = records.at(-1);
    if (last)
      this.#clock.learn(last.timeNs, nowNs, nowNs - this.#polledNs < BigInt(2 * POLL_MS) * 1_000_000n);
    this.#polledNs = nowNs;
    if (last) this.#lastLineNs = nowNs;
    for (const record of records) this.#reports.push(...this.#reader.add(record));
    if (nowNs - this.#lastLineNs > PATIENCE_NS) this.#reports.push(...this.#reader.flush());
  }

  #event(report: Report) {
    const durationNs = report.durationNs ?? this.#shortest(report);
    const startMonotonicNs = this.#clock.toMonotonicNs(report.timeNs) - durationNs;
    return {
      kind: report.kind,
      startMs: wallMsOf(startMonotonicNs),
      startMonotonicNs: startMonotonicNs > 0n ? startMonotonicNs : 0n,
      durationNs,
      ...(report.cpu === undefined ? {} : { cpu: report.cpu }),
      comm: report.comm ?? '',
      pid: report.pid ?? 0,
      cause: report.cause,
      stack: [...report.stack],
      message: report.message,
    };
  }

  /** RCU stalls and hard lockups are told once they have lasted this long; how much longer the log doesn't say. */
  #shortest({ kind }: Report): bigint {
    const seconds =
      kind === 'rcu'
        ? readSeconds('/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout')
        : readSeconds(join(this.options.procRoot, 'sys/kernel/watchdog_thresh'));
    return BigInt(seconds) * 1_000_000_000n;
  }
}

function readSeconds(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch {
    // A kernel built without that detector: then there is no report of it either.
    return 0;
  }
}

function refusal(error: NodeJS.ErrnoException): string {
  const hint = error.code === 'EPERM' ? ' (kernel.dmesg_restrict is 1: the process needs CAP_SYSLOG)' : '';
  return `${error.message}${hint}`;
}
