/** The signals of stalls over figures that are given. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { JitterSample, SchedDrained, SchedProbe, SchedStall, TimerJitter } from '@dentryscope/native';
import type { CgroupRecord } from '@dentryscope/identity';
import { parseThrottled } from '../src/collectors/cgroup-files.js';
import { CgroupFilesSignal } from '../src/signals/cgroup-files.js';
import { JitterSignal } from '../src/signals/jitter.js';
import { KernelLogSignal } from '../src/signals/kernel-log.js';
import { SchedSignal } from '../src/signals/sched.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-stalls-'));
afterAll(() => rmSync(root, { recursive: true }));

it('a kernel log that is refused is absent, with the reason', () => {
  const signal = new KernelLogSignal({ procRoot: '/proc', path: join(root, 'none') });
  expect(signal.hooks()).toMatchObject([{ hook: 'kernel_log', backend: null }]);
  expect(signal.hooks()[0]?.tried[0]?.error).toContain('ENOENT');
  expect(signal.sample()).toEqual({ keep: expect.any(Function) as () => void });
  signal.close();
});

describe('timers', () => {
  const jitterOf = (samples: Partial<JitterSample>[]) => {
    const drain = () => ({
      cpus: [],
      maxLateNs: new BigUint64Array(),
      unseen: [],
      stalls: [],
      stallsLost: 0n,
      notRealtime: null,
      ...samples.shift(),
    });
    return new JitterSignal({ drain, close: () => {} } as unknown as TimerJitter);
  };

  it('a window that is not kept comes again in the next, with the latest of both', () => {
    const stall = { cpu: 1, dueNs: 5n, lateNs: 90n };
    const signal = jitterOf([
      { cpus: [0, 1], maxLateNs: BigUint64Array.of(7n, 90n), stalls: [stall] },
      { cpus: [0, 1], maxLateNs: BigUint64Array.of(8n, 2n) },
      { cpus: [0, 1], maxLateNs: BigUint64Array.of(1n, 1n) },
    ]);
    signal.sample();
    const second = signal.sample();
    expect(second.state).toEqual({ timerJitterMaxNs: 90n, timerJitterNsByCpu: [8n, 90n] });
    expect(second.fields?.stalls).toMatchObject([{ kind: 'timer_jitter', cpu: 1, durationNs: 90n }]);
    second.keep();
    const third = signal.sample();
    expect(third.state).toEqual({ timerJitterMaxNs: 1n, timerJitterNsByCpu: [1n, 1n] });
    expect(third.fields?.stalls).toEqual([]);
  });

  it('of very many the 200 latest are told, however long windows are not kept', () => {
    const stalls = (first: number) =>
      Array.from({ length: 150 }, (_, i) => ({ cpu: 0, dueNs: 1n, lateNs: BigInt(first + i) }));
    const signal = jitterOf([{ stalls: stalls(1000) }, { stalls: stalls(2000) }]);
    signal.sample();
    const told = signal.sample().fields!.stalls!.map(({ durationNs }) => durationNs);
    expect([told.length, told[0], told.at(-1)]).toEqual([200, 2149n, 1100n]);
    expect(signal.problems()).toEqual([
      '100 late timers are not told as events: a window tells the 200 latest',
    ]);
  });

  it('a CPU that is not seen is said, and leaves no gap in the array', () => {
    const late = { cpus: [0, 2], maxLateNs: BigUint64Array.of(1n, 2n), unseen: [1], notRealtime: 'EPERM' };
    const signal = jitterOf([late]);
    expect(signal.sample().state).toEqual({ timerJitterMaxNs: 2n });
    expect(signal.problems().join()).toMatch(/CAP_SYS_NICE.*EPERM.*CPU 1/);
  });
});

it('waits of a window are the difference to the last that was kept; idle cgroups are left out', () => {
  const bucket = (...ns: bigint[]) =>
    BigUint64Array.from([...ns, ...new Array<bigint>(16 - ns.length).fill(0n)]);
  const drained = (a: bigint, b: bigint): SchedDrained => ({
    ids: BigUint64Array.of(7n, 9n),
    columns: {
      runQueueWaits: BigUint64Array.of(a, b),
      runQueueLatencyNs: BigUint64Array.of(a, b),
      lockContentions: null,
      lockContentionNs: null,
    },
    buckets: BigUint64Array.from([...bucket(a), ...bucket(0n, b)]),
  });
  const stall: SchedStall = {
    kind: 'run_queue',
    endNs: 50n,
    durationNs: 20n,
    cgroupId: 7n,
    pid: 1,
    cpu: 0,
    comm: 'x',
  };
  const drains = [drained(1n, 2n), drained(1n, 5n), drained(1n, 6n)];
  const stalls = [[stall], [], []];
  const probe = {
    hooks: [],
    drain: () => drains.shift(),
    pollStalls: () => stalls.shift() ?? [],
    forget: () => {},
    close: () => {},
  } as unknown as SchedProbe;
  const signal = new SchedSignal(probe);
  signal.sample().keep();
  const lost = signal.sample();
  expect(lost.fields?.runQueue).toMatchObject({ ids: [9n], waits: [...bucket(0n, 3n)] });
  expect(lost.fields?.stalls).toEqual([]);
  const next = signal.sample();
  expect(next.fields?.runQueue).toMatchObject({ ids: [9n], waits: [...bucket(0n, 4n)] });
  signal.close();
});

describe('files of cgroups', () => {
  const record = (id: bigint, path: string, containerId = ''): CgroupRecord => ({
    id,
    path,
    hierarchy: 'v2',
    podUid: '',
    containerId,
    removed: false,
  });
  const pressure = (some: number, full: number) =>
    ['some', 'full']
      .map((w, i) => `${w} avg10=0.00 avg60=0.00 avg300=0.00 total=${[some, full][i]}\n`)
      .join('');
  const write = (path: string, usec: number) => {
    mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, path, 'cpu.stat'), `usage_usec 5\nnr_throttled 1\nthrottled_usec ${usec}\n`);
    writeFileSync(join(root, path, 'memory.pressure'), pressure(usec + 1, usec));
  };
  const hierarchies = () => ({ v2: root, v1: [], layout: 'v2' as const, preferV1: false, problems: [] });

  const open = (cgroups: readonly CgroupRecord[]) =>
    new CgroupFilesSignal({ procRoot: join(root, 'proc'), hierarchies, cgroups: () => cgroups });

  it('a controller that is off for a while and counts anew when it is back takes nothing away', () => {
    write('slice', 1000);
    const signal = open([record(1n, '/slice', 'c1')]);
    const throttled = () => signal.sample().counted!.columns.cpuThrottledNs?.[0];
    write('slice', 1700);
    expect(throttled()).toBe(700_000n);
    writeFileSync(join(root, 'slice/cpu.stat'), 'usage_usec 6\n');
    expect(throttled()).toBeUndefined();
    write('slice', 40);
    expect(throttled()).toBe(700_000n);
    write('slice', 45);
    expect(throttled()).toBe(705_000n);
  });

  it('a cgroup older than the agent that is read later begins with its first reading', () => {
    const signal = open([record(1n, '/later', 'c1')]);
    write('later', 5000);
    expect(signal.sample().counted!.columns.cpuThrottledNs).toEqual(BigUint64Array.of(0n));
    write('later', 5002);
    expect(signal.sample().counted!.columns.cpuThrottledNs).toEqual(BigUint64Array.of(2000n));
  });

  it('what was counted before the agent came is not its own; a new cgroup counts from its birth', () => {
    mkdirSync(join(root, 'proc/pressure'), { recursive: true });
    writeFileSync(join(root, 'proc/pressure/cpu'), pressure(0, 0));
    write('old', 1000);
    const cgroups = [record(1n, '/old', 'c1')];
    const signal = open(cgroups);
    write('old', 1500);
    write('new', 30);
    cgroups.push(record(2n, '/new', 'c2'), record(3n, '/gone', 'c3'));
    const { ids, columns } = signal.sample().counted!;
    expect([...ids]).toEqual([1n, 2n]);
    expect(columns.cpuThrottledNs).toEqual(BigUint64Array.of(500_000n, 30_000n));
    expect(columns.psiMemorySomeNs).toEqual(BigUint64Array.of(500_000n, 31_000n));
    expect(columns.psiCpuSomeNs).toBeNull();
    expect(signal.problems()).toEqual([]);
  });

  it('PSI is told of the innermost cgroups: what is below a pod is not twice in its sum', () => {
    mkdirSync(join(root, 'proc/pressure'), { recursive: true });
    writeFileSync(join(root, 'proc/pressure/cpu'), pressure(0, 0));
    const cgroups = [record(1n, '/'), record(2n, '/pods'), record(3n, '/pods/p')];
    const container = record(4n, '/pods/p/c', 'c4');
    const signal = open(cgroups);
    const paths = ['', 'pods', 'pods/p', 'pods/p/c'];
    const told = (usec: number) => {
      for (const path of paths) write(path, usec);
      const { ids, columns } = signal.sample().counted!;
      const row = (values: BigUint64Array) =>
        Object.fromEntries([...ids].map((id, i) => [Number(id), Number(values[i]!) / 1000]));
      return { psi: row(columns.psiMemoryFullNs!), throttled: row(columns.cpuThrottledNs!) };
    };
    expect(told(1000).psi).toEqual({ 1: 0, 2: 0, 3: 0 });
    expect(told(1500).psi).toEqual({ 1: 0, 2: 0, 3: 500 });
    cgroups.push(container);
    // Throttling is each cgroup's own, whoever is below it.
    expect(told(1700)).toEqual({
      psi: { 1: 0, 2: 0, 3: 500, 4: 1700 },
      throttled: { 1: 700, 2: 700, 3: 700, 4: 1700 },
    });
    cgroups.pop();
    // What the container waited is the container's.
    expect(told(1900).psi).toEqual({ 1: 0, 2: 0, 3: 500 });
    expect(told(2000).psi).toEqual({ 1: 0, 2: 0, 3: 600 });
  });

  it('what a cgroup counts while there is no room to read it does not come in one window', () => {
    const cgroups = Array.from({ length: 1024 }, (_, i) => record(BigInt(i + 10), `/other${i}`));
    const signal = open(cgroups);
    write('last', 7000);
    cgroups.push(record(5n, '/last'));
    signal.sample();
    expect(signal.problems().join()).toContain('of 1 cgroups that are no containers');
    cgroups.shift();
    write('last', 9000);
    expect([...signal.sample().counted!.columns.cpuThrottledNs!]).toEqual([0n]);
    write('last', 9002);
    expect([...signal.sample().counted!.columns.cpuThrottledNs!]).toEqual([2000n]);
  });

  it('throttling is in µs on v2 and in ns on v1, and absent without the controller', () => {
    expect(parseThrottled('nr_periods 1\nthrottled_time 12345\n')).toBe(12_345n);
    expect(parseThrottled('throttled_usec 12\n')).toBe(12_000n);
    expect(parseThrottled('usage_usec 12\n')).toBeUndefined();
  });
});
