/**
 * The signal on a probe of the test's own: a real kernel can't be made to lose dentries, nor to hold exactly so many.
 * What the real ones count is tested in native/test.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DentryProbe } from '@dentryscope/native';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { DentrySignal } from '../src/signals/dentries.js';
import { FakeProbe } from './fake-probe.js';

const procRoot = mkdtempSync(join(tmpdir(), 'dentryscope-signal-'));
mkdirSync(join(procRoot, 'sys/fs'), { recursive: true });
afterAll(() => rmSync(procRoot, { recursive: true }));

const dentryState = (dentries: bigint) =>
  writeFileSync(join(procRoot, 'sys/fs/dentry-state'), `${dentries}\t10\t45\t0\t5\t0\n`);

let probe: FakeProbe;
const open = () => new DentrySignal(probe as unknown as DentryProbe, { procRoot, kernelRelease: '6.1.0' });
const totals = (allocatedAll: bigint | null, freedAll: bigint | null, oldDied: bigint | null = 0n) => ({
  allocatedAll,
  freedAll,
  oldDied,
  oldDiedVariance: oldDied,
});

beforeEach(() => {
  dentryState(1000n);
  probe = new FakeProbe();
});

it('keeps the books: what was allocated, freed and there at the end; the rest is unexplained', () => {
  probe.totals = totals(50n, 20n);
  const signal = open();
  probe.totals = totals(150n, 60n);
  dentryState(1060n);
  const first = signal.sample();
  expect(first.state).toMatchObject({ dentriesAllocated: 100n, dentriesFreed: 40n, dentriesUnexplained: 0n });
  first.keep();
  probe.totals = totals(160n, 60n);
  dentryState(1100n);
  expect(signal.sample().state).toMatchObject({ dentriesAllocated: 10n, dentriesUnexplained: -30n });
});

it('a window that was not kept is in the books of the next', () => {
  const signal = open();
  probe.totals = totals(10n, 0n);
  signal.sample();
  probe.totals = totals(30n, 5n);
  dentryState(1024n);
  expect(signal.sample().state).toMatchObject({
    dentriesAllocated: 30n,
    dentriesFreed: 5n,
    dentriesUnexplained: 1n,
  });
});

it('where frees are not seen there are no books: absent, not 0', () => {
  probe.totals = totals(50n, null, null);
  const signal = open();
  probe.totals = totals(60n, null, null);
  expect(signal.sample().state).toEqual({ dentriesAllocated: 10n });
});

it('where dentry-state cannot be read there are no books either, and nothing is known of the old', () => {
  rmSync(join(procRoot, 'sys/fs/dentry-state'));
  const signal = open();
  probe.totals = totals(10n, 4n, 3n);
  expect(signal.sample().state).toEqual({ dentriesAllocated: 10n, dentriesFreed: 4n });
});

it('tells every holder in every window, and one that holds nothing any more once, with 0', () => {
  const signal = open();
  probe.sampled = [7n, 7n, 9n];
  const first = signal.sample();
  expect(first.measured).toMatchObject({ ids: [7n, 9n], columns: { liveDentriesEstimate: [128n, 64n] } });
  expect(first.measured!.columns.liveDentriesStandardError!.every((error) => error > 0n)).toBe(true);
  first.keep();
  probe.sampled = [7n];
  const second = signal.sample();
  expect(second.measured).toMatchObject({ ids: [7n, 9n], columns: { liveDentriesEstimate: [64n, 0n] } });
  expect(second.measured!.columns.liveDentriesStandardError![1]).toBe(0n);
  expect(second.fields!.liveAges!.ids).toEqual([7n]);
  // Not kept: said again.
  expect(signal.sample().measured!.ids).toEqual([7n, 9n]);
  second.keep();
  expect(signal.sample().measured!.ids).toEqual([7n]);
});

it('ages lie bucket by bucket, as many as the bounds and one', () => {
  const signal = open();
  probe.sampled = [7n, 9n];
  const { ids, boundsSeconds, dentries } = signal.sample().fields!.liveAges!;
  expect(dentries).toHaveLength(ids!.length * (boundsSeconds!.length + 1));
  expect(dentries!.reduce((sum, value) => sum + value, 0n)).toBe(128n);
});

it('every dentry sampled: exact, and no error', () => {
  probe.shift = 0;
  probe.sampled = [7n, 7n, 7n];
  expect(open().sample().measured!.columns).toEqual({
    liveDentriesEstimate: [3n],
    liveDentriesStandardError: [0n],
  });
});

it('a backend that sees no holders says nothing of them', () => {
  probe.sampled = null;
  const sample = open().sample();
  expect(sample.measured).toBeUndefined();
  expect(sample.fields).toBeUndefined();
});

it('the old are those that were there and have not died; estimated dead beyond them, none are left', () => {
  const signal = open();
  probe.totals = totals(0n, 0n, 400n);
  expect(signal.sample().state).toMatchObject({
    dentriesBeforeAgentEstimate: 600n,
    dentriesBeforeAgentStandardError: 20n,
  });
  probe.totals = totals(0n, 0n, 1024n);
  expect(signal.sample().state).toMatchObject({
    dentriesBeforeAgentEstimate: 0n,
    dentriesBeforeAgentStandardError: 32n,
  });
});

it('the overflow is a cgroup among the others: 0; a counter that is not seen has no column', () => {
  probe.ids = [7n];
  probe.overflow = 3n;
  const { ids, columns } = open().sample().counted!;
  expect([...ids]).toEqual([7n, 0n]);
  expect([...columns.dentriesAllocated!]).toEqual([700n, 3n]);
  expect(columns.dentriesFreed).toBeNull();
});

it('births that were missed are told in a sentence; the dead are forgotten in the kernel too', () => {
  const signal = open();
  expect(signal.problems()).toEqual([]);
  probe.cgroupEventsLost = 4n;
  expect(signal.problems()[0]).toMatch(/^4 births and deaths of cgroups were missed/);
  signal.forget([7n]);
  expect(probe.forgotten).toEqual([7n]);
});

it('births that found no room are told', () => {
  const signal = open();
  expect(signal.problems()).toEqual([]);
  probe.birthsLost = 3n;
  signal.sample();
  expect(signal.problems()).toEqual([expect.stringContaining('3 sampled dentries found no room')]);
});

it('who held dentries for the agent before and does not now is told as 0, once; the next agent hears of who does', () => {
  probe.sampled = [7n, 7n, 8n];
  const first = open();
  const { notes, keep } = first.sample();
  keep();
  expect(notes).toEqual({ holders: [7n, 8n] });
  probe.sampled = [8n];
  const next = new DentrySignal(
    probe as unknown as DentryProbe,
    { procRoot, kernelRelease: '6.1.0' },
    notes!.holders,
  );
  const told = () => {
    const sample = next.sample();
    sample.keep();
    const { ids, columns } = sample.measured!;
    return ids.map((id, i) => [id, columns.liveDentriesEstimate![i]]);
  };
  expect(told()).toEqual([
    [8n, 64n],
    [7n, 0n],
  ]);
  expect(told()).toEqual([[8n, 64n]]);
});
