import { checkBatch, createBatch } from '@dentryscope/contracts';
import { expect, it } from 'vitest';
import { Deltas, merge } from '../src/deltas.js';
import { Announcer } from '../src/identity.js';
import type { CgroupInfoFields } from '../src/identity.js';
import type { Counted } from '../src/signal.js';
import { WindowClock, clockProblems, untilBoundaryMs } from '../src/window-clock.js';

const drained = (counts: Record<string, [bigint, bigint]>, freed = true): Counted => ({
  ids: BigUint64Array.from(Object.keys(counts).map(BigInt)),
  columns: {
    dentriesAllocated: BigUint64Array.from(Object.values(counts).map(([a]) => a)),
    dentriesFreed: freed ? BigUint64Array.from(Object.values(counts).map(([, f]) => f)) : null,
  },
});
const head = {
  ...{ cluster: 'c', node: 'n', bootId: 'b', seq: 1n },
  ...{ windowStartMs: 1n, windowEndMs: 2n },
};
/** As a window says it. */
const since = (deltas: Deltas, counted: Counted) => merge([deltas.since(counted)]);

it('a window says what came since the one before; a quiet cgroup is left out', () => {
  const deltas = new Deltas();
  const first = drained({ 7: [5n, 1n], 9: [2n, 0n] });
  expect(since(deltas, first)).toEqual({
    ids: [7n, 9n],
    columns: { dentriesAllocated: [5n, 2n], dentriesFreed: [1n, 0n] },
  });
  deltas.keep(first);
  expect(since(deltas, drained({ 7: [5n, 4n], 9: [2n, 0n] }))).toEqual({
    ids: [7n],
    columns: { dentriesAllocated: [0n], dentriesFreed: [3n] },
  });
});

it('a window that was not kept loses nothing: the next one has its counts too', () => {
  const deltas = new Deltas();
  deltas.since(drained({ 7: [5n, 0n] }));
  expect(since(deltas, drained({ 7: [8n, 0n] })).columns.dentriesAllocated).toEqual([8n]);
});

it('what is more than a window may hold comes with the next ones', () => {
  const deltas = new Deltas();
  const most = 1n << 53n;
  const told = (total: bigint) => {
    const counted = drained({ 7: [total, 0n] });
    const window = since(deltas, counted);
    expect(
      checkBatch(createBatch({ ...head, cgroups: { ids: window.ids, ...window.columns } })),
    ).toBeUndefined();
    deltas.keep(counted);
    return window.columns.dentriesAllocated;
  };
  expect(told(2n * most + 5n)).toEqual([most]);
  expect(told(2n * most + 6n)).toEqual([most]);
  expect(told(2n * most + 6n)).toEqual([6n]);
  expect(told(2n * most + 6n)).toEqual([]);
});

it('a counter that the backend cannot see has no column: not 0', () => {
  const { columns } = since(new Deltas(), drained({ 7: [5n, 0n] }, false));
  expect(columns).toEqual({ dentriesAllocated: [5n] });
});

it('an id that was forgotten counts from 0 again', () => {
  const deltas = new Deltas();
  deltas.keep(drained({ 7: [5n, 0n] }));
  deltas.forget([7n]);
  expect(since(deltas, drained({ 7: [2n, 0n] })).columns.dentriesAllocated).toEqual([2n]);
});

it('many signals make one window: who is not in one has 0 there, and what none sees has no column', () => {
  const counted = new Deltas().since(drained({ 7: [5n, 1n], 9: [2n, 0n] }, false));
  const waits: Counted = {
    ids: BigUint64Array.of(9n, 11n),
    columns: { runQueueWaits: BigUint64Array.of(1n, 2n), lockContentions: null },
  };
  const held = { ids: [12n, 7n], columns: { liveDentriesEstimate: [64n, 0n] } };
  expect(merge([counted, waits, held])).toEqual({
    ids: [7n, 9n, 11n, 12n],
    columns: {
      dentriesAllocated: [5n, 2n, 0n, 0n],
      runQueueWaits: [0n, 1n, 2n, 0n],
      liveDentriesEstimate: [0n, 0n, 0n, 64n],
    },
  });
  expect(merge([])).toEqual({ ids: [], columns: {} });
});

it('a signal that sees, in a window in which nothing happened, still has its column', () => {
  const deltas = new Deltas();
  deltas.keep(drained({ 7: [5n, 1n] }));
  const held = { ids: [8n], columns: { liveDentriesEstimate: [64n] } };
  expect(merge([deltas.since(drained({ 7: [5n, 1n] })), held]).columns).toEqual({
    dentriesAllocated: [0n],
    dentriesFreed: [0n],
    liveDentriesEstimate: [64n],
  });
});

it('windows never overlap though the clock is set back, and their true length is kept', () => {
  let wall = 1_000_000;
  let mono = 0n;
  const clock = new WindowClock(
    1_000_500,
    () => wall,
    () => mono,
  );
  wall += 400;
  mono += 1_000_000_000n;
  const first = clock.now();
  expect(first).toMatchObject({ startMs: 1_000_500, endMs: 1_000_501, durationNs: 1_000_000_000n });
  expect(clockProblems(first)).toEqual([
    'the wall clock is 0.1 s behind the end of the last window, as it was ahead before: until 1970-01-01T00:16:40.501Z windows are dated ahead of it, 1 ms long each',
  ]);
  clock.advance(first);
  wall = 1_060_000;
  expect(clock.now()).toMatchObject({ startMs: 1_000_501, endMs: 1_060_000 });
  expect(clockProblems(clock.now())).toEqual([]);
});

it('a clock that is set forward, and back again, makes a long window and then short ones, none over another', () => {
  let wall = 1_000_000;
  let mono = 0n;
  const clock = new WindowClock(
    0,
    () => wall,
    () => mono,
  );
  const times = [10_000, 3_600_000, -3_590_000, 10_000].map((stepMs) => {
    wall += stepMs;
    mono += 10_000_000_000n;
    const window = clock.now();
    clock.advance(window);
    return [window.startMs, window.endMs, window.durationNs];
  });
  const durationNs = 10_000_000_000n;
  expect(times).toEqual([
    [1_000_000, 1_010_000, durationNs],
    [1_010_000, 4_610_000, durationNs],
    [4_610_000, 4_610_001, durationNs],
    [4_610_001, 4_610_002, durationNs],
  ]);
});

it('windows end on multiples of their length', () => expect(untilBoundaryMs(12_345, 10_000)).toBe(7_655));

it('a cgroup is announced once, when it dies, and again for readers that came late', () => {
  let info: CgroupInfoFields = {
    id: 7n,
    path: '/a',
    hierarchy: 'v2',
    podUid: '',
    containerId: '',
    removed: false,
  };
  const announcer = new Announcer((id) => (id === 7n ? info : undefined), 0);
  const tell = (ids: bigint[], nowMs: number) => {
    const news = announcer.infos(ids, nowMs);
    news.keep();
    return news.infos;
  };
  expect(announcer.infos([7n], 0).infos).toEqual([info]); // not kept: said again
  expect(tell([7n, 8n], 10)).toEqual([info]);
  expect(tell([7n], 20)).toEqual([]);
  expect(tell([], 300_000)).toEqual([info]);
  info = { ...info, removed: true };
  expect(tell([], 300_010)).toEqual([info]);
  expect(tell([], 900_000)).toEqual([]);
});

it('the dead that hold dentries are told now and then, also when nobody remembers them any more, and no longer', () => {
  const living = { id: 9n, path: '/b', hierarchy: 'v2', podUid: '', containerId: '', removed: false };
  let found: CgroupInfoFields | undefined = living;
  const announcer = new Announcer((id) => (id === 9n ? found : undefined), 0);
  const tell = (ids: bigint[], nowMs: number) => {
    const news = announcer.infos(ids, nowMs);
    news.keep();
    return news.infos;
  };
  expect(tell([9n], 0)).toEqual([living]);
  // It was forgotten at once, as where very many die.
  found = undefined;
  const dead = { ...living, removed: true };
  expect(tell([9n], 10)).toEqual([dead]);
  expect(tell([9n], 20)).toEqual([]);
  expect(tell([9n], 300_010)).toEqual([dead]);
  expect(tell([], 300_020)).toEqual([]);
  expect(tell([], 900_000)).toEqual([]);
});
