import { createBatch } from '@dentryscope/contracts';
import type { NodeBatchInit } from '@dentryscope/contracts';
import { Registry } from '@dentryscope/runtime';
import { beforeEach, expect, it } from 'vitest';
import { DentryExposition } from '../src/exposition-dentries.js';
import { Exposition } from '../src/exposition.js';

const noPod = { namespace: '', pod: '', container: '' };
const web = { namespace: 'shop', pod: 'web-1', container: 'app' };
let registry: Registry;
let exposition: Exposition;
beforeEach(() => {
  registry = new Registry();
  exposition = new Exposition(registry, (id) => (id === 7n || id === 8n ? web : noPod), {
    spoolWindows: () => 0,
    foldedCgroups: () => ({ now: 0, ever: 0 }),
  });
});

const record = (cgroups: NodeBatchInit['cgroups'], state: NodeBatchInit['state'] = {}) =>
  exposition.record(createBatch({ cgroups, state } as NodeBatchInit));
/** Of one metric, by pod (or '' for what has no labels). */
async function values(name: string): Promise<Record<string, number>> {
  const metric = await registry.getSingleMetric(name)!.get();
  return Object.fromEntries(metric.values.map(({ labels, value }) => [labels['pod'] ?? '', value]));
}

it('positives are creates and lookups that found, negatives lookups that did not and unlinks', async () => {
  const window = {
    ids: [7n, 8n, 9n],
    dentriesAllocated: [10n, 5n, 1n],
    instantiated: [1n, 2n, 0n],
    positiveByLookup: [10n, 20n, 0n],
    negativeByLookup: [100n, 200n, 1n],
    negativeByUnlink: [1000n, 2000n, 0n],
  };
  record(window);
  record(window);
  expect(await values('dentry_alloc_total')).toEqual({ 'web-1': 30, '': 2 });
  expect(await values('dentry_positive_total')).toEqual({ 'web-1': 66, '': 0 });
  expect(await values('dentry_negative_total')).toEqual({ 'web-1': 6600, '': 2 });
});

it('a sum of which one part is not seen is absent, not the other part', async () => {
  record({ ids: [7n], dentriesAllocated: [1n], instantiated: [1n], negativeByLookup: [1n] });
  expect(await values('dentry_alloc_total')).toEqual({ 'web-1': 1 });
  expect(await values('dentry_positive_total')).toEqual({});
  expect(await values('dentry_negative_total')).toEqual({});
});

it('holders are those of the last window: summed by pod, errors by squares, and gone with it', async () => {
  record({
    ids: [7n, 8n, 9n],
    liveDentriesEstimate: [64n, 128n, 6400n],
    liveDentriesStandardError: [30n, 40n, 0n],
  });
  expect(await values('dentry_live_estimate')).toEqual({ 'web-1': 192, '': 6400 });
  expect(await values('dentry_live_estimate_standard_error')).toEqual({ 'web-1': 50, '': 0 });
  record({ ids: [7n], liveDentriesEstimate: [0n], liveDentriesStandardError: [0n] });
  expect(await values('dentry_live_estimate')).toEqual({ 'web-1': 0 });
  record({ ids: [7n], dentriesAllocated: [1n] });
  expect(await values('dentry_live_estimate')).toEqual({});
  expect(await values('dentry_live_estimate_standard_error')).toEqual({});
});

it('the books add up and may be negative; what is not seen has no series', async () => {
  record({}, { nrDentry: 5n });
  for (const name of ['node_dentry_books_unexplained', 'node_dentries_before_agent_estimate'])
    expect(await values(name)).toEqual({});
  record(
    {},
    { dentriesUnexplained: -5n, dentriesBeforeAgentEstimate: 9n, dentriesBeforeAgentStandardError: 2n },
  );
  record(
    {},
    { dentriesUnexplained: 2n, dentriesBeforeAgentEstimate: 8n, dentriesBeforeAgentStandardError: 3n },
  );
  expect(await values('node_dentry_books_unexplained')).toEqual({ '': -3 });
  expect(await values('node_dentries_before_agent_estimate')).toEqual({ '': 8 });
  expect(await values('node_dentries_before_agent_standard_error')).toEqual({ '': 3 });
  record({}, {});
  expect(await values('node_dentries_before_agent_estimate')).toEqual({});
});

it('counters of a pod leave an hour after its last cgroup died, and do not come back with what it holds', async () => {
  let nowMs = 0;
  const later = new Registry();
  const made = new DentryExposition(
    later,
    (id) => (id === 7n || id === 8n ? web : noPod),
    () => nowMs,
  );
  const window = (ids: bigint[], died: bigint[] = []) =>
    made.record(
      createBatch({
        cgroups: { ids, dentriesAllocated: ids.map(() => 5n), liveDentriesEstimate: ids.map(() => 64n) },
        cgroupInfos: died.map((id) => ({ id, removed: true })),
      } as NodeBatchInit),
    );
  const allocated = async () => {
    const { values } = await later.getSingleMetric('dentry_alloc_total')!.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels['pod'] ?? '', value]));
  };
  window([7n, 8n, 9n], [7n, 9n]);
  nowMs = 4_000_000;
  // 8 lives, though it had nothing to say for an hour.
  window([7n]);
  expect(await allocated()).toEqual({ 'web-1': 10, '': 5 });
  window([7n, 8n], [8n]);
  expect(await allocated()).toEqual({ 'web-1': 15, '': 5 });
  // Dead holders have rows, and make nothing.
  window([7n, 8n]);
  nowMs += 3_599_999;
  window([7n, 8n]);
  expect(await allocated()).toEqual({ 'web-1': 15, '': 5 });
  nowMs += 1;
  window([7n, 8n]);
  expect(await allocated()).toEqual({ '': 5 });
});

it('with no kernel at all there is no series of who makes or holds', async () => {
  exposition.record(createBatch({ state: { nrDentry: 5n } }));
  expect(await values('dentry_alloc_total')).toEqual({});
  expect(await values('dentry_live_estimate')).toEqual({});
  expect(await registry.metrics()).toContain('node_dentry_count{type="total"} 5');
});
