/** Admission in the agent's windows: gauges and their 0, names, what is told of it. The kernel is the test's own. */
import { createBatch } from '@dentryscope/contracts';
import type { NodeBatchInit } from '@dentryscope/contracts';
import { CgroupTree } from '@dentryscope/identity';
import type { DentryProbe } from '@dentryscope/native';
import { Registry } from '@dentryscope/runtime';
import { beforeEach, expect, it } from 'vitest';
import { Admission } from '../src/admission.js';
import { Exposition } from '../src/exposition.js';
import { Sampler } from '../src/sampler.js';
import type { Sample } from '../src/sampler.js';
import type { CgroupEvent, Kernel, Signal } from '../src/signal.js';
import { DentrySignal } from '../src/signals/dentries.js';
import { FakeProbe } from './fake-probe.js';

const facts = {
  cluster: 'c',
  node: 'n',
  bootId: 'b',
  kernelRelease: '6.1.0',
  agentVersion: '0',
  procRoot: '/proc',
};
/** No inodes of this machine's cgroups: a walk would not find them. */
const [a, b, c, d] = [900_001n, 900_002n, 900_003n, 900_004n] as const;

let probe: FakeProbe;
let events: CgroupEvent[];
let stalls: NonNullable<NodeBatchInit['stalls']>;
let sampler: Sampler;
let admission: Admission;
const allocated = new Map<bigint, bigint>();

const eventOf = (kind: CgroupEvent['kind'], id: bigint) => ({ kind, id, path: `/job-${id}`, hierarchyId: 0 });

beforeEach(async () => {
  [probe, events, stalls] = [new FakeProbe(), [], []];
  allocated.clear();
  probe.allocatedBy = (id) => allocated.get(id) ?? 0n;
  const stalling: Signal = {
    hooks: () => [],
    sample: () => ({ fields: { stalls }, keep: () => {} }),
    forget: () => {},
    problems: () => [],
    close: () => {},
  };
  const kernel: Kernel = {
    signals: [new DentrySignal(probe as unknown as DentryProbe, facts), stalling],
    pollCgroupEvents: () => events.splice(0),
    sawAllCgroups: () => true,
  };
  const tree = await CgroupTree.open({ procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' });
  const lives = (id: bigint) => tree.lookup(id)?.removed === false;
  admission = new Admission({ maxCgroups: 1, newCgroupsPerHour: 1, lives, nowMs: () => 0 });
  sampler = new Sampler(facts, kernel, tree, admission);
  await sampler.prepare(); // the only walk
});

/** Cgroups allocate so many dentries. */
function allocate(counts: readonly (readonly [id: bigint, count: bigint])[]): void {
  for (const [id, count] of counts) {
    if (!allocated.has(id)) events.push(eventOf('mkdir', id));
    allocated.set(id, (allocated.get(id) ?? 0n) + count);
  }
  probe.ids = [...allocated.keys()].filter((id) => !probe.forgotten.includes(id));
}

const remove = (id: bigint) => events.push(eventOf('rmdir', id));

async function take(): Promise<Sample> {
  await sampler.prepare();
  return sampler.take({ startMs: 1, endMs: 2, behindMs: 0, endNs: 2n, durationNs: 1n }, 0n);
}

async function kept(): Promise<NodeBatchInit> {
  const sample = await take();
  sample.keep();
  return sample.init;
}

type Figure = 'dentriesAllocated' | 'liveDentriesEstimate' | 'liveDentriesStandardError';
const figure = ({ cgroups }: NodeBatchInit, name: Figure) =>
  Object.fromEntries(cgroups!.ids!.map((id, row) => [String(id), cgroups![name]![row]!]));
const names = ({ cgroupInfos }: NodeBatchInit) => cgroupInfos!.map(({ path }) => path);

/** What a reader has of a gauge: the last value of each cgroup. */
const lasts = (windows: readonly NodeBatchInit[], name: Figure): Record<string, bigint> =>
  Object.assign({}, ...windows.map((window) => figure(window, name)));

const held = (counts: readonly (readonly [bigint, number])[]) =>
  (probe.sampled = counts.flatMap(([id, count]) => new Array<bigint>(count).fill(id)));

it('what a refused cgroup holds is in cgroup 0, and is told as 0 once nothing is held there any more', async () => {
  allocate([
    [a, 500n],
    [b, 300n],
    [c, 200n],
  ]);
  held([
    [a, 5],
    [b, 3],
    [c, 2],
  ]);
  const windows = [await kept()];
  expect(figure(windows[0]!, 'dentriesAllocated')).toEqual({ [`${a}`]: 500n, 0: 500n });
  expect(lasts(windows, 'liveDentriesEstimate')).toEqual({ [`${a}`]: 320n, 0: 320n });
  remove(b);
  windows.push(await kept());
  // Dead and still a holder.
  windows.push(await kept());
  expect(lasts(windows, 'liveDentriesEstimate')).toEqual({ [`${a}`]: 320n, 0: 320n });
  held([
    [a, 5],
    [c, 2],
  ]);
  windows.push(await kept());
  expect(lasts(windows, 'liveDentriesEstimate')).toEqual({ [`${a}`]: 320n, 0: 128n });
  remove(c);
  remove(a);
  windows.push(await kept());
  held([[a, 1]]);
  await take(); // not kept: said again
  windows.push(await kept());
  expect(lasts(windows, 'liveDentriesEstimate')).toEqual({ [`${a}`]: 64n, 0: 0n });
  expect(lasts(windows, 'liveDentriesStandardError')).toMatchObject({ 0: 0n });
  held([]);
  windows.push(await kept());
  expect(lasts(windows, 'liveDentriesEstimate')).toEqual({ [`${a}`]: 0n, 0: 0n });
  expect((await kept()).cgroups!.ids).toEqual([]);
  expect(admission.size).toBe(0);
});

it('errors of what is folded are the root of the sum of their squares, rounded up, with that of cgroup 0 itself', async () => {
  allocate([
    [a, 500n],
    [b, 1n],
    [c, 1n],
  ]);
  held([
    [b, 3],
    [c, 9],
    [0n, 1],
  ]);
  const { cgroups } = await kept();
  const errors = [3, 9, 1].map((count) => {
    const alone = new FakeProbe();
    alone.sampled = new Array<bigint>(count).fill(d);
    const signal = new DentrySignal(alone as unknown as DentryProbe, facts);
    return Number(signal.sample().measured!.columns.liveDentriesStandardError![0]!);
  });
  const row = cgroups!.ids!.indexOf(0n);
  expect(cgroups!.liveDentriesStandardError![row]).toBe(BigInt(Math.ceil(Math.hypot(...errors))));
  expect(cgroups!.liveDentriesEstimate![row]).toBe(BigInt(13 * 64));
});

it('what was refused has no name, but cgroup 0 has; one that an event is of has its own', async () => {
  allocate([
    [a, 2n],
    [b, 1n],
  ]);
  expect(names(await kept())).toEqual([`/job-${a}`, '(overflow)']);
  stalls = [{ kind: 'run_queue', cgroupId: b }];
  expect(names(await kept())).toEqual([`/job-${b}`]);
});

it('what is not kept is in the next window, where it is; nothing is counted twice', async () => {
  allocate([
    [a, 10n],
    [b, 7n],
  ]);
  await take();
  allocate([
    [b, 70n],
    [a, 1n],
  ]);
  expect(figure(await kept(), 'dentriesAllocated')).toEqual({ [`${a}`]: 11n, 0: 77n });
  allocate([[b, 5n]]);
  expect(figure(await kept(), 'dentriesAllocated')).toEqual({ 0: 5n });
});

it('a window says how many are folded and by which setting, and /metrics has it too', async () => {
  const registry = new Registry();
  const standing = { spoolWindows: () => 0, foldedCgroups: () => admission.folded() };
  const exposition = new Exposition(registry, () => ({ namespace: '', pod: '', container: '' }), standing);
  const told = async () => {
    const init = await kept();
    exposition.record(createBatch(init));
    const lines = (await registry.metrics()).split('\n').filter((line) => /^agent_cgroups_folded/.test(line));
    const { degraded } = init.health as { degraded: string[] };
    return [...degraded.filter((sentence) => sentence.includes('NEW_CGROUPS_PER_HOUR')), ...lines];
  };
  allocate([[a, 9n]]);
  expect(await told()).toEqual(['agent_cgroups_folded 0', 'agent_cgroups_folded_total 0']);
  allocate([
    [b, 3n],
    [c, 2n],
  ]);
  expect(await told()).toEqual([
    expect.stringMatching(
      /^2 cgroups .* cgroup 0 \(2 since the agent started\).*DENTRYSCOPE_NEW_CGROUPS_PER_HOUR/,
    ),
    'agent_cgroups_folded 2',
    'agent_cgroups_folded_total 2',
  ]);
  remove(b);
  await told();
  await told(); // without it
  allocate([[d, 3n]]);
  expect(await told()).toEqual([
    expect.stringMatching(/^2 cgroups .*\(3 since/),
    'agent_cgroups_folded 2',
    'agent_cgroups_folded_total 3',
  ]);
});
