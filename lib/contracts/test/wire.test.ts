import { describe, expect, it } from 'vitest';
import {
  batchFromJson,
  batchKey,
  batchToJson,
  cgroupMetrics,
  checkBatch,
  createBatch,
  decodeBatch,
  encodeBatch,
  findMetric,
  metrics,
} from '@dentryscope/contracts';
import type { NodeBatchInit } from '@dentryscope/contracts';

const init = {
  cluster: 'c',
  node: 'n',
  bootId: 'b',
  seq: 1n,
  windowStartMs: 1_795_250_000_000n,
  windowEndMs: 1_795_250_010_000n,
  state: { nrDentry: 5n, nrUnused: 0n },
  cgroups: { ids: [18446744073709551615n, 7n], dentriesAllocated: [1000n, 0n] },
  cgroupInfos: [{ id: 7n, path: '/a' }],
} satisfies NodeBatchInit;

const golden =
  '{"cluster":"c","node":"n","bootId":"b","seq":"1","windowStartMs":"1795250000000","windowEndMs":"1795250010000",' +
  '"state":{"nrDentry":"5","nrUnused":"0"},' +
  '"cgroups":{"ids":["18446744073709551615","7"],"dentriesAllocated":["1000","0"]},' +
  '"cgroupInfos":[{"id":"7","path":"/a"}]}';

describe('a window', () => {
  it('has the canonical JSON that tools outside rely on', () => {
    expect(batchToJson(createBatch(init))).toBe(golden);
    expect(batchFromJson(golden)).toEqual(createBatch(init));
  });

  it('survives the wire bit by bit; 0 and absent stay apart', () => {
    const batch = decodeBatch(encodeBatch(createBatch(init)));
    expect(batch).toEqual(createBatch(init));
    expect(batch.state?.nrUnused).toBe(0n);
    expect(batch.state?.nrNegative).toBeUndefined();
    expect(batch.cgroups?.dentriesFreed).toEqual([]);
    expect(batchKey(batch)).toBe('c/n');
  });

  it('of the first release is decoded for ever', () => {
    const bytes =
      '0a016312016e1a016220012880a1f4e99f343090eff4e99f345a120a0bffffffffffffffffff01071203e80700';
    const { state: _state, cgroupInfos: _infos, ...rest } = init;
    expect(decodeBatch(Buffer.from(bytes, 'hex'))).toEqual(createBatch(rest));
  });
});

describe('what cannot be used is said in a sentence', () => {
  const cases: [Partial<NodeBatchInit>, RegExp][] = [
    [{ cluster: '' }, /cluster is empty/],
    [{ node: 'a\nb' }, /node holds a control character/],
    [{ bootId: 'x'.repeat(254) }, /bootId is longer/],
    [{ seq: 0n }, /seq is 0/],
    [{ windowStartMs: 0n }, /windowStartMs is missing/],
    [{ windowEndMs: 1n }, /windowEndMs lies before/],
    [{ windowEndMs: 1n << 62n }, /year 9999/],
    [{ cgroups: { ids: [7n, 7n] } }, /names a cgroup twice/],
    [{ cgroups: { ids: [7n], dentriesFreed: [1n, 2n] } }, /dentriesFreed has 2 values for 1 ids/],
    [{ cgroups: { ids: [7n], dentriesFreed: [(1n << 53n) + 1n] } }, /above 2\^53/],
    [{ cgroupInfos: [{ id: 7n, path: '' }] }, /cgroup 7 is empty/],
  ];
  it.each(cases)('%#', (change, sentence) => {
    expect(checkBatch(createBatch({ ...init, ...change } as NodeBatchInit))).toMatch(sentence);
  });

  it('and what can be used is not', () => expect(checkBatch(createBatch(init))).toBeUndefined());
});

it('metrics have names of their own and a place on the wire', () => {
  expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  expect(findMetric('dentries_allocated')).toBe(cgroupMetrics[0]);
  const batch = createBatch({ cgroups: {}, state: {} });
  for (const { column } of cgroupMetrics) expect(batch.cgroups).toHaveProperty(column, []);
});
