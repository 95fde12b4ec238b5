/** Which of the kernel's watchdogs run: of one that does not nothing is known, which is not 0. */
import { join } from 'node:path';
import { readProc } from '../collectors/proc.js';
import type { ReportKind } from './heads.js';

/** A file without which the detector is not built, and what says there that it tells nothing. */
interface Switch {
  readonly path: `/${'proc' | 'sys'}/${string}`;
  readonly off: string;
}

export interface Roots {
  readonly procRoot: string;
  /** Default: /sys. */
  readonly sysRoot?: string;
}

/** The sysctls of watchdogs say on reading whether they run, not only whether they were asked to (kernel/watchdog.c). */
const sysctl = (name: string): Switch => ({ path: `/proc/sys/kernel/${name}`, off: '0' });
const switches: Record<ReportKind, Switch> = {
  softlockup: sysctl('soft_watchdog'),
  hardlockup: sysctl('nmi_watchdog'),
  rcu: { path: '/sys/module/rcupdate/parameters/rcu_cpu_stall_suppress', off: '1' },
  hung_task: sysctl('hung_task_timeout_secs'),
};
/** The kernel reports so many more hung tasks; then it falls silent until somebody writes there. */
const hungTaskWarnings = sysctl('hung_task_warnings');
/** Of all, reported or not. 6.12 does not have it, 6.18 does. */
const hungTasksFound = '/proc/sys/kernel/hung_task_detect_count';

/** What the detectors are at one moment. */
export interface Standing {
  /** Those that tell nothing, and why. */
  readonly silent: ReadonlyMap<ReportKind, string>;
  /** Hung tasks found since the boot, or since somebody set it to 0; undefined: this kernel does not count them. */
  readonly hungTasks: bigint | undefined;
}

export class Detectors {
  readonly #roots: Readonly<Record<string, string>>;

  constructor({ procRoot, sysRoot = '/sys' }: Roots) {
    this.#roots = { proc: procRoot, sys: sysRoot };
  }

  standing(): Standing {
    const { text: found } = this.#read(hungTasksFound);
    const silent = new Map<ReportKind, string>();
    const look = (kind: ReportKind, file: Switch) => {
      const why = this.#whyOff(file);
      if (why !== undefined) silent.set(kind, why);
    };
    if (found === undefined) look('hung_task', hungTaskWarnings);
    for (const [kind, file] of Object.entries(switches)) look(kind as ReportKind, file);
    return { silent, hungTasks: found === undefined ? undefined : BigInt(found) };
  }

  #whyOff({ path, off }: Switch): string | undefined {
    const { text, why } = this.#read(path);
    return why ?? (text === off ? `${path} is ${off}` : undefined);
  }

  /** What stands there, or why it is not known: a kernel built without that detector is another thing than a refusal. */
  #read(path: Switch['path']): { text?: string; why?: string } {
    const [, root, ...rest] = path.split('/');
    try {
      const text = readProc(this.#roots[root!]!, join(...rest))?.trim();
      return text === undefined ? { why: `this kernel has no ${path}` } : { text };
    } catch (error) {
      return { why: `${path} could not be read: ${(error as NodeJS.ErrnoException).code}` };
    }
  }
}
