import { expect, test } from 'vitest';
import { batchToJson } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import type { Current } from './conformance.js';
import { T0, WINDOW, cap, info, metric, nodes, series, top, window } from './fixtures.js';

const full = (batch: Parameters<typeof window>[0]): NodeBatch =>
  window({
    figures: { 7: 1n },
    cgroupInfos: [info(7n, '/a')],
    state: {
      nrDentry: 1_500_000_000n,
      nrUnused: 1_400_000_000n,
      slabCaches: [{ name: 'dentry', activeObjects: 2n ** 40n, totalObjects: 2n ** 40n, objectBytes: 192n }],
      memTotalBytes: 768n * 2n ** 30n,
      vfsCachePressure: 100,
    },
    health: {
      agentVersion: '0.1.0',
      kernelRelease: '6.12.0 "odd", \\name=1',
      hooks: [
        { hook: 'dentry_alloc', backend: 'tracepoint', reason: 'no fentry', perCgroup: true, missed: 3n },
      ],
      windowsLost: 2n,
      degraded: ['One sentence.\nAnother.'],
    },
    ...batch,
  });

const withoutColumns = (batch: NodeBatch) =>
  batchToJson({ ...batch, cgroups: undefined, cgroupInfos: [] } as never);
const seqs = async (found: ReturnType<typeof nodes>) =>
  (await found).map(({ newest }) => [newest.node, newest.bootId, newest.seq]);

export function nodesConform(store: Current): void {
  test('the newest window of a node comes back whole, but for its cgroups', async () => {
    const { writer, reader } = store();
    const batches = [1, 2, 3].map((seq) => full({ seq }));
    await writer.write([batches[2]!, batches[0]!]);
    await writer.write([batches[1]!]);
    const [record, ...more] = await nodes(reader);
    expect(more).toEqual([]);
    expect(batchToJson(record!.newest)).toBe(withoutColumns(batches[2]!));
  });

  test('as many events and holders as a window may have are no hindrance', async () => {
    const { writer, reader } = store();
    const ids = Array.from({ length: 10_000 }, (_, n) => BigInt(n + 1));
    const event = { startMs: BigInt(T0), durationNs: 1n, comm: 'x'.repeat(100) };
    const batch = full({
      reclaims: ids.map(() => ({ ...event, kind: 'umount' })),
      stalls: ids.map(() => ({ ...event, kind: 'rcu' })),
      liveAges: { ids, dentries: ids },
      runQueue: { ids, waits: ids },
    });
    await writer.write([batch]);
    expect(batchToJson((await nodes(reader))[0]!.newest)).toBe(withoutColumns(full({})));
  });

  test('the newest is by sequence number, within the boot that was seen last', async () => {
    const { writer, reader } = store();
    const steppedBack = full({ seq: 9, bootId: 'boot-2', startMs: T0 + 50_000 });
    await writer.write([
      full({ seq: 100 }),
      full({ seq: 8, bootId: 'boot-2', startMs: T0 + 2_000_000 }),
      steppedBack,
      full({ seq: 1, bootId: 'boot-0', startMs: T0 + 1_500_000 }),
    ]);
    expect(await seqs(nodes(reader))).toEqual([['n1', 'boot-2', 9n]]);
  });

  test('ordered by cluster and node; filtered; those not heard of since are left out', async () => {
    const { writer, reader } = store();
    const at = (cluster: string, node: string, seq: number) => full({ cluster, node, seq });
    await writer.write([at('c2', 'a', 3), at('c1', 'b', 1), at('c1', 'a', 2)]);
    expect((await nodes(reader)).map(({ newest }) => `${newest.cluster}/${newest.node}`)).toEqual([
      'c1/a',
      'c1/b',
      'c2/a',
    ]);
    expect(await seqs(nodes(reader, { node: 'a' }))).toEqual([
      ['a', 'boot-1', 2n],
      ['a', 'boot-1', 3n],
    ]);
    expect(await seqs(nodes(reader, { cluster: 'c1', node: 'a' }))).toEqual([['a', 'boot-1', 2n]]);
    expect(await seqs(nodes(reader, { sinceMs: T0 + WINDOW }))).toEqual([
      ['a', 'boot-1', 2n],
      ['a', 'boot-1', 3n],
    ]);
    expect(await nodes(reader, { sinceMs: T0 + 2 * WINDOW + 1 })).toEqual([]);
    expect(await nodes(reader, { node: '" or true' })).toEqual([]);
  });

  test('growth: dentries a second between the oldest and the newest window in its time', async () => {
    const { writer, reader } = store();
    const dentries = [0n, 1_000n, 5_000n, 5_500n];
    await writer.write(dentries.map((nrDentry, n) => window({ seq: n + 1, state: { nrDentry } })));
    const grown = async (growthOverMs: number) => (await nodes(reader, { growthOverMs }))[0]!.growthPerSecond;
    expect(await grown(3_600_000)).toBe(5_500 / 30);
    expect(await grown(2 * WINDOW)).toBe(4_500 / 20);
    expect(await grown(2 * WINDOW - 1)).toBe(50);
    expect(await grown(WINDOW - 1)).toBeUndefined();
  });

  test('growth is not told across a boot, and not from windows that could not say', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ seq: 1, state: { nrDentry: 1_000n } }),
      window({ seq: 1, bootId: 'boot-2', startMs: T0 + WINDOW, state: { nrDentry: 10n } }),
      window({ seq: 1, node: 'n2' }),
      window({ seq: 2, node: 'n2', state: { nrUnused: 3n } }),
    ]);
    expect((await nodes(reader)).map(({ growthPerSecond }) => growthPerSecond)).toEqual([
      undefined,
      undefined,
    ]);
    await writer.write([
      window({ seq: 2, bootId: 'boot-2', startMs: T0 + 2 * WINDOW, state: { nrDentry: 5n } }),
    ]);
    expect((await nodes(reader))[0]!.growthPerSecond).toBe(-0.5);
  });

  test('growth is not told by a clock that was set: windows of 1 ms that took as long as ever', async () => {
    const { writer, reader } = store();
    await writer.write([
      ...[1, 2].map((seq) => window({ seq, state: { nrDentry: BigInt(seq) * 1_000n } })),
      window({
        ...{ seq: 3, startMs: T0 + 2 * WINDOW, windowEndMs: BigInt(T0 + 2 * WINDOW + 1) },
        state: { nrDentry: 3_000n },
      }),
    ]);
    expect((await nodes(reader))[0]!.growthPerSecond).toBeUndefined();
  });

  test('growth of nodes that report, that went silent, that missed windows: each by its own newest', async () => {
    const { writer, reader } = store();
    const node = (name: string, levels: [number, bigint][]) =>
      levels.map(([at, nrDentry]) =>
        window({ node: name, bootId: name, seq: at + 1, startMs: T0 + at * WINDOW, state: { nrDentry } }),
      );
    await writer.write([
      ...node('a-reports', [
        [0, 1n],
        [399, 10n],
        [400, 20n],
        [409, 40n],
        [410, 120n],
      ]),
      ...node('b-silent', [
        [0, 7n],
        [9, 70n],
        [10, 107n],
      ]),
      ...node('c-gap', [
        [399, 1n],
        [408, 500n],
        [411, 560n],
      ]),
      ...node('d-new', [[411, 5n]]),
      ...node('e-ahead', [
        [415, 0n],
        [416, 30n],
      ]),
    ]);
    const grown = (await nodes(reader, { growthOverMs: 10 * WINDOW })).map(({ newest, growthPerSecond }) => [
      newest.node,
      growthPerSecond,
    ]);
    expect(grown).toEqual([
      ['a-reports', 1],
      ['b-silent', 1],
      ['c-gap', 2],
      ['d-new', undefined],
      ['e-ahead', 3],
    ]);
  });

  test('a gauge: of each node the last, over nodes the sum', async () => {
    const { writer, reader } = store();
    const gauge = metric('node_dentries');
    await writer.write([
      window({ seq: 1, state: { nrDentry: 100n } }),
      window({ seq: 2, state: { nrDentry: 50n } }),
      window({ seq: 1, bootId: 'boot-2', startMs: T0 + 2 * WINDOW, state: { nrDentry: 7n } }),
      window({ seq: 1, node: 'n2', state: { nrDentry: 2n ** 53n + 1n } }),
      window({ seq: 2, node: 'n2', state: { nrUnused: 1n } }),
    ]);
    const all = await top(reader, 'node', { metric: gauge });
    expect(all.rows.map(({ owner, value }) => [owner, value])).toEqual([
      [{ cluster: 'c1', node: 'n2' }, 2n ** 53n + 1n],
      [{ cluster: 'c1', node: 'n1' }, 7n],
    ]);
    expect(all.total).toBe(2n ** 53n + 8n);
    expect(await series(reader, { metric: gauge, stepMs: 2 * WINDOW })).toEqual([
      [0, 2n ** 53n + 51n],
      [2 * WINDOW, 7n],
    ]);
    expect(await series(reader, { metric: gauge, stepMs: 3 * WINDOW })).toEqual([[0, 2n ** 53n + 8n]]);
    expect(await series(reader, { metric: gauge, filter: { node: 'n1' } })).toEqual([
      [0, 100n],
      [WINDOW, 50n],
      [2 * WINDOW, 7n],
    ]);
  });

  test('a counter of nodes adds up over time and nodes; 32-bit gauges are there as well', async () => {
    const { writer, reader } = store();
    const counted = metric('node_dentries_allocated');
    await writer.write([
      window({ seq: 1, state: { dentriesAllocated: 2n ** 52n, vfsCachePressure: 100 } }),
      window({ seq: 2, state: { dentriesAllocated: 2n ** 52n } }),
      window({ seq: 1, node: 'n2', state: { dentriesAllocated: 3n, vfsCachePressure: 0 } }),
    ]);
    const { total, rows } = await top(reader, 'node', { metric: counted });
    expect([total, rows.length]).toEqual([2n ** 53n + 3n, 2]);
    expect(await series(reader, { metric: counted })).toEqual([
      [0, 2n ** 52n + 3n],
      [WINDOW, 2n ** 52n],
    ]);
    const pressure = await top(reader, 'node', { metric: metric('node_vfs_cache_pressure') });
    expect(pressure.rows.map(({ value }) => value)).toEqual([100n, 0n]);
  });

  test('a figure of nodes is refused by anything else, and a request that makes no sense as well', async () => {
    const { reader } = store();
    const gauge = metric('node_dentries');
    await expect(top(reader, 'pod', { metric: gauge })).rejects.toThrow(RangeError);
    await expect(top(reader, 'node', { metric: gauge, filter: { pod: 'x' } })).rejects.toThrow(RangeError);
    await expect(series(reader, { metric: gauge, filter: { cgroup: '1' } })).rejects.toThrow(RangeError);
    await expect(series(reader, { stepMs: 0 })).rejects.toThrow(RangeError);
    await expect(top(reader, 'node', { limit: 0 })).rejects.toThrow(RangeError);
  });

  test('aborted: it rejects with the reason of the signal', async () => {
    const { writer, reader } = store();
    await writer.write([full({})]);
    const reason = new Error('time is up');
    const request = {
      metric: metric('node_dentries'),
      by: 'node',
      filter: {},
      limit: 1,
      fromMs: T0,
      toMs: T0 + 1,
    } as const;
    await expect(reader.top(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const later = new AbortController();
    const asked = reader.top(request, { signal: later.signal });
    later.abort(reason);
    await expect(asked).rejects.toBe(reason);
    expect((await reader.top(request, cap())).total).toBe(1_500_000_000n);
  });
}
