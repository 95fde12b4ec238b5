/** Reports that 5.10, 6.1 and 6.12 printed in guests (see kernel-log.guests.test.ts), and others' from the kernel's format strings. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { causeOf } from '../src/kernel-log/cause.js';
import { LogClock } from '../src/kernel-log/log-clock.js';
import { parseRecord } from '../src/kernel-log/records.js';
import { ReportReader } from '../src/kernel-log/reports.js';
import type { Report } from '../src/kernel-log/reports.js';

function reportsOf(lines: readonly string[]): Report[] {
  const reader = new ReportReader();
  const ended = lines.flatMap((line) => {
    const record = parseRecord(line);
    return record ? reader.add(record) : [];
  });
  return [...ended, ...reader.flush()];
}

const recorded = (kernel: string) =>
  reportsOf(
    readFileSync(join(import.meta.dirname, `fixtures/kernel-log/${kernel}.kmsg`), 'utf8').split('\n'),
  );
/** Lines as dmesg shows them. */
const printed = (text: string) => reportsOf(text.split('\n').map((line, i) => `4,${i},${i * 100},-;${line}`));

const brief = ({ kind, cpu, comm, durationNs, cause }: Report) =>
  [kind, cpu ?? '-', comm, durationNs === undefined ? '-' : `${durationNs / 1_000_000_000n}s`, cause].join(
    ' ',
  );

describe('recorded reports', () => {
  it.each([
    ['5.10', ['0', '0'], ['3s', '3s']],
    ['6.1', ['0', '0'], ['3s']],
    ['6.12', ['1', '1'], ['3s', '7s']],
  ])('of Linux %s are all found, with whose stack it is', (kernel, [soft, rcu], stuck) => {
    const softlockups = stuck.map((s) => `softlockup ${soft} umount ${s} dentry_reclaim`);
    expect(recorded(kernel).map(brief)).toEqual([
      'hung_task - sh 1s other',
      'hung_task - sh 2s other',
      softlockups[0],
      `rcu ${rcu} umount - dentry_reclaim`,
      ...softlockups.slice(1),
    ]);
  });

  it.each(['5.10', '6.1', '6.12'])(
    'of Linux %s have the task, not the interrupt that looked at it',
    (kernel) => {
      for (const { kind, stack } of recorded(kernel)) {
        if (kind === 'hung_task') continue;
        expect(stack[0]).toBe('copy_from_kernel_nofault');
        expect(stack).toContain('shrink_dentry_list');
        expect(stack.join(' ')).not.toMatch(/hrtimer|sysvec|nmi|dump_stack/);
        expect(stack.at(-1)).toBe('entry_SYSCALL_64_after_hwframe');
      }
    },
  );
});

describe('reports of the other forms', () => {
  it('a hard lockup by the NMI, without a mark at the end of its stack', () => {
    const reports = printed(
      `NMI watchdog: Watchdog detected hard LOCKUP on cpu 79
Modules linked in: macvlan ceph
CPU: 79 PID: 4242 Comm: kworker/u160:1 Kdump: loaded Tainted: G           OE     5.10.0-46-amd64 #1
RIP: 0010:native_queued_spin_lock_slowpath+0x1c2/0x1f0
Code: ff
RSP: 0018:ffffc900003f38a8 EFLAGS: 00000216
Call Trace:
 _raw_spin_lock+0x1e/0x30
 ? d_lru_del+0x12/0x60
 shrink_dcache_parent+0x5c/0x120 [ext4]
 kthread+0x118/0x140
eth0: link up`,
    );
    expect(reports.map(brief)).toEqual(['hardlockup 79 kworker/u160:1 - dentry_reclaim']);
    expect(reports[0]?.stack).toEqual([
      'native_queued_spin_lock_slowpath',
      '_raw_spin_lock',
      'shrink_dcache_parent',
      'kthread',
    ]);
  });

  it("an RCU stall of another CPU: the grace-period thread's own stack is not the stall's", () => {
    const [report, ...more] = printed(
      `rcu: INFO: rcu_sched detected stalls on CPUs/tasks:
rcu: \t1-...!: (0 ticks this GP) idle=cf8/0/0x0 softirq=20/20 fqs=0
\t(detected by 0, t=38227 jiffies, g=-1127, q=10)
Sending NMI from CPU 0 to CPUs 1:
NMI backtrace for cpu 1 skipped: idling at default_idle+0x1e/0x130
rcu: rcu_sched kthread starved for 38227 jiffies! g-1127 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402 ->cpu=1
rcu: RCU grace-period kthread stack dump:
Call Trace:
 __schedule+0x288/0x600`,
    );
    expect(report).toMatchObject({ kind: 'rcu', cpu: 1, stack: [], cause: '' });
    expect(more).toEqual([]);
  });

  it('a soft lockup in an interrupt: the task that it interrupted has no part in it', () => {
    const [report] = printed(
      `watchdog: BUG: soft lockup - CPU#3 stuck for 23s! [umount:812]
CPU: 3 PID: 812 Comm: umount Not tainted 6.1.0-48-amd64 #1
RIP: 0010:virtnet_poll+0x1c2/0x4f0 [virtio_net]
Call Trace:
 <IRQ>
 ? sched_clock_cpu+0x9/0xb0
 __napi_poll+0x2b/0x1b0
 net_rx_action+0x2a5/0x360
 __do_softirq+0xc3/0x2ab
 </IRQ>
 <TASK>
 asm_common_interrupt+0x22/0x40
RIP: 0010:dput+0x12/0x60
 shrink_dentry_list+0x4e/0xd0
 </TASK>`,
    );
    expect(report?.stack).toEqual(['virtnet_poll', '__napi_poll', 'net_rx_action', '__do_softirq']);
    expect(report?.cause).toBe('other');
  });

  it("where the unwinder is not sure of the watchdog's own frames, the task's are the stall's", () => {
    const [report] = printed(
      `watchdog: BUG: soft lockup - CPU#3 stuck for 23s! [umount:812]
CPU: 3 PID: 812 Comm: umount Not tainted 6.6.9 #1
RIP: 0010:_raw_spin_lock+0x12/0x30
Call Trace:
 <IRQ>
 ? watchdog_timer_fn+0x1e6/0x270
 ? __hrtimer_run_queues+0x10f/0x2a0
 </IRQ>
 <TASK>
 ? asm_sysvec_apic_timer_interrupt+0x1a/0x20
 ? _raw_spin_lock+0x12/0x30
 shrink_dentry_list+0x4e/0xd0
 </TASK>`,
    );
    expect(report?.stack).toEqual(['_raw_spin_lock', 'shrink_dentry_list']);
  });

  const lockup = (cpu: number, comm: string, frames: string[]) => [
    `watchdog: BUG: soft lockup - CPU#${cpu} stuck for 23s! [${comm}:${900 + cpu}]`,
    'Modules linked in: ext4',
    `CPU: ${cpu} PID: ${900 + cpu} Comm: ${comm} Not tainted 6.1.0-48-amd64 #1`,
    `RIP: 0010:${frames[0]}+0x1/0x2`,
    'Call Trace:',
    ' <TASK>',
    ...frames.slice(1).map((frame) => ` ${frame}+0x1/0x2`),
    ' </TASK>',
  ];
  const two = [
    lockup(0, 'umount', ['_raw_spin_lock', 'shrink_dentry_list', 'do_one_tree']),
    lockup(1, 'java', ['native_queued_spin_lock_slowpath', 'futex_wait']),
  ] as const;
  const causes = [
    ['umount', 'shrink_dentry_list', 'dentry_reclaim'],
    ['java', 'futex_wait', 'other'],
  ];
  const causesOf = (reports: readonly Report[]) =>
    reports.map(({ comm, stack, cause }) => [comm, stack[1], cause]).sort((a, b) => (a[0]! < b[0]! ? 1 : -1));

  it.each([
    ['the first first', [0, 1]],
    ['the second first', [1, 0]],
  ])('two CPUs whose heads come before their stacks have each its own: %s', (_, order) => {
    const heads = two.map((lines) => lines.slice(0, 1)).flat();
    const stacks = order.map((at) => two[at]!.slice(1)).flat();
    expect(causesOf(printed([...heads, ...stacks].join('\n')))).toEqual(causes);
  });

  it('where the kernel tells who prints, no line of one is another’s, however they mix', () => {
    const mixed = two[0].flatMap((line, i) => [
      `4,${3 * i},${i * 100},-,caller=C0;${line}`,
      ...(two[1][i] === undefined ? [] : [`4,${3 * i + 1},${i * 100},-,caller=C1;${two[1][i]}`]),
      `4,${3 * i + 2},${i * 100},-,caller=T77;eth0: link up`,
    ]);
    expect(causesOf(reportsOf(mixed))).toEqual(causes);
  });

  it('a stack that another CPU prints for the one that found the stall is the stall’s', () => {
    const [report] = reportsOf([
      '3,1,100,-,caller=C0;watchdog: Watchdog detected hard LOCKUP on cpu 3',
      '4,2,200,-,caller=C3;CPU: 3 UID: 0 PID: 55 Comm: umount Not tainted 6.12.0 #1',
      '4,3,300,-,caller=C3;RIP: 0010:d_walk+0x1/0x2',
      '4,4,400,-,caller=C3;Call Trace:',
      '4,5,500,-,caller=C3; do_one_tree+0x1/0x2',
    ]);
    expect(report).toMatchObject({ cpu: 3, comm: 'umount', stack: ['d_walk', 'do_one_tree'] });
  });

  it('other lines of the log are no reports', () => {
    expect(printed('usb 1-1: stuck\nCall Trace:\n shrink_dentry_list+0x5/0x160\n </TASK>')).toEqual([]);
    expect(parseRecord('nonsense')).toBeUndefined();
  });
});

describe('a cause', () => {
  it.each([
    [['prune_dcache_sb'], 'dentry_reclaim'],
    [['shrink_dcache_for_umount.part.0', 'kill_block_super'], 'dentry_reclaim'],
    // Closing a file kills a dentry too.
    [['__dentry_kill', 'dput', '__fput'], 'other'],
    [[], ''],
  ])('of %j is %j', (stack, cause) => {
    expect(causeOf(stack)).toBe(cause);
  });
});

it('the clock of the log is followed as far as polls in time tell', () => {
  const clock = new LogClock(500n);
  clock.learn(1_000n, 1_200n, true);
  expect(clock.toMonotonicNs(1_000n)).toBe(1_000n);
  // The log's clock is 2000 behind, then 100 before.
  clock.learn(1_000n, 3_000n, true);
  expect(clock.toMonotonicNs(1_000n)).toBe(2_500n);
  clock.learn(5_000n, 9_000n, false);
  expect(clock.toMonotonicNs(1_000n)).toBe(2_500n);
  clock.learn(5_000n, 4_900n, true);
  expect(clock.toMonotonicNs(5_000n)).toBe(4_900n);
});

it('a record is its first line; the dictionary is not text', () => {
  expect(parseRecord('6,365,3902427,c,caller=T1;rcu: \\x09RCU\n SUBSYSTEM=virtio')).toEqual({
    sequence: 365n,
    timeNs: 3_902_427_000n,
    continues: true,
    caller: 'T1',
    text: 'rcu: \tRCU',
  });
});
