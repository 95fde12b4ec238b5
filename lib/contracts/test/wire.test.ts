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
import { firstBytes, goldenBytes, goldenJson, unsetFields } from './everything.js';

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
    const { state: _state, cgroupInfos: _infos, ...rest } = init;
    expect(decodeBatch(firstBytes)).toEqual(createBatch(rest));
  });
});

describe('every field of today', () => {
  const batch = decodeBatch(goldenBytes);

  it('is set in the golden message', () => {
    expect(unsetFields(batch)).toEqual([]);
    expect(unsetFields(createBatch(init))).toContain('field dentryscope.v1.NodeBatch.live_ages');
    expect(batch.state?.dentriesUnexplained).toBe(-5n);
  });

  it('is decoded for ever, and has its canonical JSON', () => {
    expect(batchToJson(batch)).toBe(goldenJson);
    expect(batchFromJson(goldenJson)).toEqual(batch);
    expect(Buffer.from(encodeBatch(batch))).toEqual(goldenBytes);
    expect(checkBatch(batch)).toBeUndefined();
  });
});

describe('bytes that are no window are refused, whatever could be made of them', () => {
  const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
  const head = '0a0163 12016e 1a0162 2001 28e8 07 30e8 07';
  const cases: [what: string, bytes: string, sentence: RegExp][] = [
    ['a counter with the wire type of a message', '2202 0801', /NodeBatch.seq has the wire type 2, not 0/],
    ['a name with the wire type of a number', '0801', /NodeBatch.cluster has the wire type 0, not 2/],
    ['a message inside with such a counter', '5202 0a00', /NodeState.nr_dentry has the wire type 2/],
    ['a field that runs past its message', '5202 0880 01', /a varint runs past byte 21/],
    ['a value that runs past its column', '5a05 0a01 80 0101', /a varint runs past byte 22/],
    [
      'a column that runs past the columns',
      '5a03 0a05 010203',
      /a length of 5 at byte 21 leaves what it is in/,
    ],
    ['a length that is right modulo 2^32', '5a85 8080 8010 0a03 010203', /a length of 4294967301/],
    ['a group', 'fb7f fc7f', /the wire type 3, which this wire does not use/],
    ['a field number 0', '0001', /no field has the tag 0/],
    ['a varint of 11 bytes', '20ff ffff ffff ffff ffff ff01', /longer than 10 bytes/],
    ['one of 11 bytes in a column', '5a0d 0a0b ffff ffff ffff ffff ffff 01', /longer than 10 bytes/],
    ['broken UTF-8', '0a01ff', /not valid/],
    ['a message cut short', '0a', /a varint runs past byte/],
  ];
  it.each(cases)('%s', (_what, bytes, sentence) => {
    expect(decodeBatch(hex(head)).node).toBe('n');
    expect(() => decodeBatch(hex(`${head} ${bytes}`))).toThrow(sentence);
  });

  it('and what other encoders may write is read', () => {
    const largest = 'ffff ffff ffff ffff ff01';
    const read = (bytes: string) => decodeBatch(hex(`${head} ${bytes}`));
    // In pieces, value by value, padded, above 64 bits.
    expect(read('5a03 0a01 05 5a02 0806 5a05 0a03 078800').cgroups?.ids).toEqual([5n, 6n, 7n, 8n]);
    expect(read(`5a0c 0a0a ${largest}`).cgroups?.ids).toEqual([18446744073709551615n]);
    expect(read('5a0c 0a0a 8180 8080 8080 8080 807e').cgroups?.ids).toEqual([1n]);
    for (let bits = 0n; bits < 64n; bits++) {
      const ids = [1n << bits, (1n << bits) - 1n, (1n << bits) + 1n];
      expect(decodeBatch(encodeBatch(createBatch({ ...init, cgroups: { ids } }))).cgroups?.ids).toEqual(ids);
    }
    // Fields of a later version are kept.
    const later = read('5a03 c03e 2a c03e 07');
    expect(Buffer.from(encodeBatch(later)).toString('hex')).toContain('c03e2a');
  });

  it('a byte order mark is part of a name', () => {
    const batch = createBatch({ ...init, node: '\ufeffn' });
    expect(decodeBatch(encodeBatch(batch)).node).toBe('\ufeffn');
  });
});
const ages = { ids: [7n, 8n], boundsSeconds: [60n], dentries: [1n, 2n, 3n, 4n] };
const reclaim = { kind: 'umount', startMs: 1n, durationNs: 5n };
const stall = { kind: 'softlockup', startMs: 1n, durationNs: 5n };

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
    [
      { cgroups: { ids: [7n], liveDentriesEstimate: [1n, 2n] } },
      /liveDentriesEstimate has 2 values for 1 ids/,
    ],
    [{ cgroups: { ids: [7n], reclaimUmountNs: [(1n << 53n) + 1n] } }, /reclaimUmountNs holds a value above/],
    [
      { liveAges: { ...ages, dentries: [1n, 2n, 3n] } },
      /liveAges.dentries has 3 values for 2 ids of 2 buckets/,
    ],
    [{ liveAges: { ...ages, dentries: [] } }, /liveAges.dentries has 0 values for 2 ids/],
    [{ liveAges: { ...ages, ids: [7n, 7n] } }, /liveAges.ids names a cgroup twice/],
    [{ liveAges: { ...ages, dentries: [1n, 2n, 3n, 1n << 54n] } }, /liveAges.dentries holds a value above/],
    [{ liveAges: { ids: [], boundsSeconds: [60n, 60n], dentries: [] } }, /bounds of liveAges do not rise/],
    [
      { runQueue: { ids: [7n], boundsNs: [1n, 2n], waits: [1n, 2n] } },
      /runQueue.waits has 2 values for 1 ids/,
    ],
    [{ runQueue: { ids: [], boundsNs: Array.from({ length: 64 }, (_, n) => BigInt(n)) } }, /runQueue has 65/],
    [{ reclaims: [{ ...reclaim, kind: '' }] }, /reclaims\[0\].kind is empty/],
    [{ reclaims: [{ ...reclaim, kind: 'x'.repeat(65) }] }, /reclaims\[0\].kind is longer than 64/],
    [{ reclaims: [reclaim, { ...reclaim, startMs: 0n }] }, /reclaims\[1\].startMs is missing/],
    [{ reclaims: [{ ...reclaim, startMs: 1n << 62n }] }, /reclaims\[0\].startMs lies past/],
    [{ reclaims: [{ ...reclaim, durationNs: 1n << 54n }] }, /reclaims\[0\].durationNs is above/],
    [{ reclaims: [{ ...reclaim, freed: 1n << 54n }] }, /reclaims\[0\].freed is above/],
    [{ reclaims: [{ ...reclaim, superblock: 'x'.repeat(4097) }] }, /reclaims\[0\].superblock is longer/],
    [{ reclaims: new Array<typeof reclaim>(10_001).fill(reclaim) }, /reclaims holds 10001 events/],
    [{ stalls: new Array<typeof stall>(10_001).fill(stall) }, /stalls holds 10001 events/],
    [{ stalls: [{ ...stall, kind: '' }] }, /stalls\[0\].kind is empty/],
    [{ stalls: [{ ...stall, cause: 'x'.repeat(65) }] }, /stalls\[0\].cause is longer than 64/],
    [{ stalls: [{ ...stall, message: 'x'.repeat(4097) }] }, /stalls\[0\].message is longer/],
    [{ stalls: [{ ...stall, stack: ['x'.repeat(4097)] }] }, /stalls\[0\].stack holds a frame longer/],
    [{ stalls: [{ ...stall, stack: new Array<string>(257).fill('f') }] }, /stalls\[0\].stack has 257 frames/],
  ];
  it.each(cases)('%#', (change, sentence) => {
    expect(checkBatch(createBatch({ ...init, ...change } as NodeBatchInit))).toMatch(sentence);
  });

  it('and what can be used is not', () => {
    expect(checkBatch(createBatch(init))).toBeUndefined();
    const events = { reclaims: [reclaim], stalls: [stall], liveAges: ages };
    expect(checkBatch(createBatch({ ...init, ...events } as NodeBatchInit))).toBeUndefined();
    const newer = {
      reclaims: [{ ...reclaim, kind: 'shrinker_debugfs' }],
      stalls: [
        { ...stall, kind: 'soft_hang' },
        { ...stall, cause: 'inode_reclaim' },
      ],
    };
    expect(checkBatch(createBatch({ ...init, ...newer } as NodeBatchInit))).toBeUndefined();
    expect(checkBatch(createBatch({ ...init, liveAges: {}, runQueue: {} } as NodeBatchInit))).toBeUndefined();
  });
});

it('metrics have names of their own and a place on the wire', () => {
  expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  expect(findMetric('dentries_allocated')).toBe(cgroupMetrics[0]);
  const batch = createBatch({ cgroups: {}, state: {} });
  for (const { column } of cgroupMetrics) expect(batch.cgroups).toHaveProperty(column, []);
});
