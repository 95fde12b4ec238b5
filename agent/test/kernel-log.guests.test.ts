/** A task that is held in the kernel while it frees dentries: the kernel's watchdog reports it, and the agent reads that. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requirePart, runInGuest } from '@dentryscope/lab';

const here = import.meta.dirname;
const cache = join(here, '../../.cache');
const skipped = requirePart('vm');
const timeout = 180_000;
let folder: string;

beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'kernel-log-test-'));
  const multiarch = execFileSync('gcc', ['-print-multiarch']).toString().trim();
  const include = ['-idirafter', `/usr/include/${multiarch}`];
  const source = (name: string) => join(here, name);
  const bpf = ['-target', 'bpf', '-g', '-O2', ...include, '-c', source('brake.bpf.c')];
  execFileSync('clang', [...bpf, '-o', join(folder, 'brake.bpf.o')]);
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-o', join(folder, 'brake'), source('brake.c'), '-lbpf']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Live {
  hooks: { backend: string | null }[];
  sample: { state: Record<string, string>; fields: { stalls: Record<string, unknown>[] } };
  again: { state: Record<string, string> };
  kept: { state: Record<string, string> };
  next: Live['sample'];
  first: Live['sample'];
  problems: string[];
  nowMs: number;
}

/** So that one stall is one report of each detector or so, and comes soon. Files below: dentries to free. */
const setUp = `echo 1 > /proc/sys/kernel/watchdog_thresh
  mkdir /data/d; for i in $(seq 50); do test -e /data/d/no$i; done`;

describe.skipIf(skipped)('in a guest', () => {
  it('a soft lockup of an umount is seen, once, as reclaim of dentries', { timeout }, async () => {
    const command = `node ${join(here, 'kernel-log-live.mjs')} ${folder}/brake ${folder}/brake.bpf.o`;
    const { status, stdout, stderr } = await runInGuest('6.1', `${setUp}; exec ${command}`, {
      timeoutMs: timeout - 20_000,
      append: 'preempt=none',
    });
    expect(status, stderr).toBe(0);
    const { hooks, sample, again, kept, next, first, problems, nowMs } = JSON.parse(stdout) as Live;
    expect(hooks).toMatchObject([{ backend: 'kmsg' }]);
    const soft = sample.fields.stalls.filter(({ kind }) => kind === 'softlockup');
    expect(soft.length).toBeGreaterThan(0);
    expect(sample.state['softlockups']).toBe(String(soft.length));
    for (const stall of soft) {
      expect(stall).toMatchObject({ cause: 'dentry_reclaim', comm: 'umount' });
      expect(stall['stack']).toContain('shrink_dentry_list');
      // Held for 5 s just now; the watchdog rounds to seconds.
      expect(Number(stall['durationNs'])).toBeLessThanOrEqual(6e9);
      expect(nowMs - Number(stall['startMs'])).toBeGreaterThan(2_000);
      expect(nowMs - Number(stall['startMs'])).toBeLessThan(60_000);
    }
    expect(again.state).toEqual(sample.state);
    // An emulated CPU has no counters for the NMI watchdog.
    expect(kept.state).toEqual({ softlockups: '0', rcuStalls: '0', hungTasks: '0' });
    // What came while no agent was there is the next one's, where it is not the first of the boot.
    expect(next.state['softlockups']).toBe('1');
    expect(next.fields.stalls).toMatchObject([{ comm: 'away', durationNs: '77000000000' }]);
    const sinceMs = nowMs - Number(next.fields.stalls[0]!['startMs']) - 77_000;
    expect(Math.abs(sinceMs)).toBeLessThan(10_000);
    expect(first.state['softlockups']).toBe('0');
    expect(problems).toEqual(['hardlockups are not measured: /proc/sys/kernel/nmi_watchdog is 0']);
  });
});
