/** Every way in which a kernel reclaims dentries, on the kernels of Debian 11, 12 and 13: fentry and kprobe look on at the same. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { GUEST_TEST_TIMEOUT_MS as timeout, KERNELS, requirePart, runInGuest } from '@dentryscope/lab';
import type { KernelVersion } from '@dentryscope/lab';
import type { ReclaimKind } from '@dentryscope/native';
import { compile, scratch } from './support.js';

const script = fileURLToPath(new URL('reclaim-measure.mjs', import.meta.url));
const skipped = requirePart('vm');

interface Figures {
  events: string;
  ns: string;
  freed: string;
}

interface Result {
  ns: string;
  /** By how much nr_dentry fell while it ran. */
  gone: string;
  cgroup?: string;
  /** Of many umounts at once: those that failed, and what the hook says it missed. */
  failed?: number;
  missed?: string;
  seen: Record<ReclaimKind, Figures>;
  events: {
    kind: ReclaimKind;
    durationNs: string;
    freed: string;
    scanned: string | null;
    superblock: string;
    filesystem: string;
    cgroupId: string;
    shrunkCgroupId: string | null;
    comm: string;
  }[];
}

type Scenario = (typeof scenarios)[number];

interface Told {
  results: Record<Scenario, Result>;
  hooks: { hook: string; backend: string | null; missed: string }[];
  shrinkers: { scanObjects: string; calls: string; freed: string }[];
  eventsLost: string;
}

/**
 * Enough to outweigh what else a system call does, in a guest small enough that kswapd is not long in coming. Two thirds
 * of them do that too, and to make them is what takes long under emulation.
 */
const SIZES = { '5.10': 200_000, '6.1': 200_000, '6.12': 300_000 } as const;
/** Of memory, at which a cgroup that makes so many must reclaim most of them. */
const limitOf = (n: number) => Math.round((n * 16_000_000) / 300_000);
const folder = skipped ? '' : scratch();
const scenarios = ['drop_caches', 'remount', 'umount', 'umount_files', 'many', 'direct', 'pressure'] as const;

/** What each of the backends saw of the same reclaim. */
async function measure(kernel: KernelVersion, n: number, opens: object[]): Promise<Told[]> {
  const [workload, timed] = [compile(folder, 'workload.c'), compile(folder, 'timed.c')];
  const where = { device: '/dev/vda', root: '/sys/fs/cgroup' };
  const config = { workload, timed, ...where, scenarios, opens, n, limitBytes: limitOf(n) };
  const command = `exec node ${script} '${JSON.stringify(config)}'`;
  const options = { cgroup: 'v2', memoryMb: 768 } as const;
  const { status, stdout, stderr } = await runInGuest(kernel, command, options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Told[];
}

function expectKinds(seen: Result['seen'], kinds: ReclaimKind[]): void {
  const some = Object.entries(seen).filter(([, { events }]) => events !== '0');
  expect(some.map(([kind]) => kind)).toEqual(kinds);
}

/** Within `share` of `wanted`. */
function expectNear(value: number, wanted: number, share: number): void {
  expect(Math.abs(value - wanted), `${value} and ${wanted}`).toBeLessThanOrEqual(wanted * share);
}

const longest = ({ events }: Result) =>
  events.reduce((best, event) => (Number(event.durationNs) > Number(best.durationNs) ? event : best));

describe.skipIf(skipped).each(KERNELS)('Linux %s', (kernel) => {
  const n = SIZES[kernel];
  let told: Told[];

  beforeAll(async () => {
    told = await measure(kernel, n, [{ backends: ['fentry'] }, { backends: ['kprobe'] }]);
  }, timeout);

  describe.each([
    ['fentry', 0],
    ['kprobe', 1],
  ] as const)('%s', (backend, index) => {
    const of = (name: Scenario) => told[index]!.results[name];

    it('attaches every hook and loses nothing but, by kretprobe, what umounts at once may lose', () => {
      const umounts = backend === 'kprobe' ? of('many').missed : '0';
      expect(told[index]!.hooks).toMatchObject([
        { hook: 'reclaim_freed', backend, missed: '0' },
        { hook: 'reclaim_prune', backend, missed: '0' },
        { hook: 'reclaim_remount', backend, missed: '0' },
        { hook: 'reclaim_umount', backend, missed: umounts },
        { hook: 'reclaim_direct', backend: 'tracepoint', missed: '0' },
        { hook: 'shrinkers', backend: 'tracepoint', missed: '0' },
      ]);
      expect(told[index]!.eventsLost).toBe('0');
    });

    it.each([
      ['drop_caches', 'drop_caches', 0],
      ['remount', 'remount', 0],
      // An ext4 takes entries of /proc/fs with it, which are not dentries of its own.
      ['umount', 'umount', 8],
      ['umount_files', 'umount', 0],
    ] as const)('%s: frees what nr_dentry falls by', (name, kind, besides) => {
      const { seen, gone } = of(name);
      expectKinds(seen, [kind]);
      expect(Number(seen[kind].freed)).toBeGreaterThanOrEqual(name === 'umount_files' ? n / 10 : n);
      expect(Number(gone) - Number(seen[kind].freed)).toBeGreaterThanOrEqual(0);
      expect(Number(gone) - Number(seen[kind].freed)).toBeLessThanOrEqual(besides);
    });

    it('twelve umounts at once: each is an event, or told as missed', () => {
      const { seen, gone, failed, missed } = of('many');
      expect(failed).toBe(0);
      expect(Number(seen.umount.events) + Number(missed)).toBe(12);
      if (missed !== '0') return;
      // 2,000 files and a root each; the processes that unmount leave some names behind.
      expect(Number(seen.umount.freed)).toBeGreaterThanOrEqual(12 * 2001);
      expectNear(Number(seen.umount.freed), Number(gone), 0.01);
    });

    it.each(['drop_caches', 'remount', 'umount'] as const)(
      '%s: takes the time of the system call, within 10 %%',
      (kind) => {
        const { ns, seen } = of(kind);
        expect(Number(seen[kind].ns)).toBeLessThan(Number(ns));
        expectNear(Number(seen[kind].ns), Number(ns), 0.1);
      },
    );

    it.each([
      ['drop_caches', 'vda', 'ext4'],
      ['remount', 'vda', 'ext4'],
      ['umount', 'vda', 'ext4'],
      ['umount_files', 'tmpfs', 'tmpfs'],
    ] as const)('%s: is one event of its superblock', (name, superblock, filesystem) => {
      const event = longest(of(name));
      const kind = name === 'umount_files' ? 'umount' : name;
      expect(event).toMatchObject({ kind, superblock, filesystem, cgroupId: '1', shrunkCgroupId: null });
      expect(event.comm).toBe('timed');
      expect(Number(event.freed)).toBeGreaterThanOrEqual(name === 'umount_files' ? n / 10 : n);
      expect(event.scanned).toBe(kind === 'drop_caches' ? event.freed : null);
    });

    it('direct: the task of a cgroup at its limit pays, and its own memory cgroup is shrunk', () => {
      const { seen, gone, cgroup, events } = of('direct');
      expectKinds(seen, ['direct']);
      expect(Number(seen.direct.freed)).toBeGreaterThan(n / 2);
      // The measuring process looks up some names itself meanwhile.
      expectNear(Number(seen.direct.freed), Number(gone), 0.01);
      for (const event of events)
        expect(event).toMatchObject({
          kind: 'direct',
          filesystem: 'ext4',
          cgroupId: cgroup,
          shrunkCgroupId: cgroup,
        });
      expect(events.length).toBeGreaterThan(0);
    });

    it('pressure: kswapd frees, and is told apart', () => {
      const { seen, gone, events } = of('pressure');
      expect(Number(seen.pressure.freed)).toBeGreaterThanOrEqual(n / 10);
      const freed = Number(seen.pressure.freed) + Number(seen.direct.freed);
      // Whatever runs goes on looking up names.
      expectNear(freed, Number(gone), 0.01);
      const byKswapd = events.filter(({ kind }) => kind === 'pressure');
      expect(byKswapd.map(({ comm }) => comm)).toContain('kswapd0');
      for (const { comm } of byKswapd) expect(comm).toMatch(/^(kswapd|kworker)/);
    });

    it('shrinkers: freed at least the dentries', () => {
      const freed = told[index]!.shrinkers.reduce((sum, shrinker) => sum + Number(shrinker.freed), 0);
      expect(freed).toBeGreaterThan(n);
    });
  });
});
