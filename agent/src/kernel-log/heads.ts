/** First lines of the kernel's reports of stalls. */

export type ReportKind = 'softlockup' | 'hardlockup' | 'rcu' | 'hung_task';

export interface Head {
  readonly kind: ReportKind;
  readonly cpu?: number;
  readonly comm?: string;
  readonly pid?: number;
  /** What the line says; undefined where it says nothing. */
  readonly durationNs?: bigint;
}

const seconds = (text: string) => BigInt(text) * 1_000_000_000n;

const heads: readonly (readonly [RegExp, (match: RegExpExecArray) => Head])[] = [
  // watchdog_timer_fn() of kernel/watchdog.c
  [
    /BUG: soft lockup - CPU#(\d+) stuck for (\d+)s! \[(.*):(\d+)\]/,
    ([, cpu, stuck, comm, pid]) => ({
      kind: 'softlockup',
      cpu: Number(cpu),
      durationNs: seconds(stuck!),
      comm: comm!,
      pid: Number(pid),
    }),
  ],
  // watchdog_overflow_callback() of kernel/watchdog_hld.c; watchdog_hardlockup_check() since 6.5, for the buddy too
  [/Watchdog detected hard LOCKUP on cpu (\d+)/i, ([, cpu]) => ({ kind: 'hardlockup', cpu: Number(cpu) })],
  // print_cpu_stall(), print_other_cpu_stall() of kernel/rcu/tree_stall.h; the expedited ones of tree_exp.h
  [/INFO: rcu\w* (?:self-detected stall|detected (?:expedited )?stalls)/, () => ({ kind: 'rcu' })],
  // check_hung_task() of kernel/hung_task.c; "in I/O wait" since 6.18
  [
    /INFO: task (.*):(\d+) blocked (?:in I\/O wait )?for more than (\d+) seconds/,
    ([, comm, pid, blocked]) => ({
      kind: 'hung_task',
      comm: comm!,
      pid: Number(pid),
      durationNs: seconds(blocked!),
    }),
  ],
];

export function parseHead(text: string): Head | undefined {
  for (const [pattern, read] of heads) {
    const match = pattern.exec(text);
    if (match) return read(match);
  }
  return undefined;
}
