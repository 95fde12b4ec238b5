/** Gauges of cgroups: of each the last value counts. And figures of nodes that may be negative. */
import { expect, test } from 'vitest';
import type { Current } from './conformance.js';
import { T0, WINDOW, info, metric, named, series, top, total, window } from './fixtures.js';

const held = metric('live_dentries_estimate');
const error = metric('live_dentries_standard_error');
const unexplained = metric('node_dentries_unexplained');
const values = async (found: ReturnType<typeof top>) => (await found).rows.map(({ value }) => value);

export function holdersConform(store: Current): void {
  test('of a holder the last value counts, never the sum over time', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ seq: 2, live: { 7: 200n, 8: 5n } }),
      window({ seq: 1, live: { 7: 1000n, 8: 7n } }),
      window({ seq: 3, live: { 7: 300n } }),
    ]);
    const { total: all, rows } = await top(reader, 'cgroup', { metric: held });
    expect(rows.map(({ owner, value }) => [owner.cgroupId, value])).toEqual([
      ['7', 300n],
      ['8', 5n],
    ]);
    expect(all).toBe(305n);
    expect(await total(reader, { metric: held, toMs: T0 + WINDOW })).toBe(1007n);
    expect(await total(reader, { metric: held, fromMs: T0 + WINDOW, toMs: T0 + 2 * WINDOW })).toBe(205n);
    expect(await total(reader, { metric: held, filter: { cgroup: '8' } })).toBe(5n);
  });

  test('a holder that went to 0 is 0, not what it held before; the dead count as long as they hold', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ seq: 1, live: { 7: 1000n, 8: 1n }, cgroupInfos: [info(7n, '/a'), info(8n, '/b')] }),
      window({ seq: 2, live: { 7: 900n, 8: 2n }, cgroupInfos: [info(7n, '/a', '', '', true)] }),
      window({ seq: 3, live: { 7: 0n, 8: 3n } }),
      window({ seq: 4, live: { 8: 4n } }),
    ]);
    expect(await values(top(reader, 'cgroup', { metric: held }))).toEqual([4n, 0n]);
    expect(await series(reader, { metric: held, filter: { cgroup: '7' } })).toEqual([
      [0, 1000n],
      [WINDOW, 900n],
      [2 * WINDOW, 0n],
    ]);
  });

  test('by pod, workload, namespace and node: the lasts of their cgroups, summed', async () => {
    const { writer, reader } = store();
    const told = (uid: string) => [
      info(11n, `/${uid}/app`, uid, `${uid}-app`),
      info(12n, `/${uid}/side`, uid, `${uid}-side`),
      info(14n, '/cron'),
    ];
    await writer.write([
      window({ seq: 1, live: { 11: 9n, 12: 99n, 14: 999n }, cgroupInfos: told('uid-a') }),
      window({ seq: 2, live: { 11: 1n, 12: 20n, 14: 300n, 0: 5000n } }),
      window({ node: 'n2', live: { 11: 70_000n, 12: 0n, 14: 800_000n }, cgroupInfos: told('uid-b') }),
    ]);
    await writer.writeNames([
      named('uid-a', 'uid-a-app', 'app'),
      named('uid-a', 'uid-a-side', 'side'),
      named('uid-b', '', '', 'web-2'),
    ]);
    const rows = async (by: 'pod' | 'workload' | 'node') =>
      (await top(reader, by, { metric: held })).rows.map(({ owner, value }) => [owner[by], value]);
    expect(await rows('pod')).toEqual([
      [undefined, 805_300n],
      ['web-2', 70_000n],
      ['web-1', 21n],
    ]);
    expect(await rows('workload')).toEqual([
      [undefined, 805_300n],
      ['Deployment/web', 70_021n],
    ]);
    expect(await rows('node')).toEqual([
      ['n2', 870_000n],
      ['n1', 5321n],
    ]);
    const filter = { namespace: 'shop' };
    expect(await total(reader, { metric: held, filter })).toBe(70_021n);
    expect(await series(reader, { metric: held, filter })).toEqual([
      [0, 70_108n],
      [WINDOW, 21n],
    ]);
  });

  test('steps: the last of each cgroup in each, though they report at different times', async () => {
    const { writer, reader } = store();
    const at = (n: number, live: Record<string, bigint>) => window({ seq: n + 1, live });
    await writer.write([at(0, { 7: 1n, 8: 10n }), at(1, { 7: 2n }), at(2, { 8: 30n }), at(5, { 7: 6n })]);
    expect(await series(reader, { metric: held, stepMs: 25_000 })).toEqual([
      [0, 32n],
      [50_000, 6n],
    ]);
    expect(await series(reader, { metric: held, fromMs: T0 - 5_000, stepMs: 20_000 })).toEqual([
      [-5_000, 12n],
      [15_000, 30n],
      [35_000, 6n],
    ]);
  });

  test('who does not see holders has none: absent, not 0', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ node: 'blind', figures: { 7: 5n } }),
      window({ node: 'sees', live: { 7: 0n } }),
      window({ node: 'sees', seq: 2, figures: { 7: 1n } }),
    ]);
    expect(await top(reader, 'node', { metric: held })).toEqual({
      total: 0n,
      rows: [{ owner: { cluster: 'c1', node: 'sees' }, value: 0n }],
    });
    expect(await series(reader, { metric: held })).toEqual([[0, 0n]]);
    expect(await series(reader, { metric: held, filter: { node: 'blind' } })).toEqual([]);
    expect(await top(reader, 'pod', { metric: error })).toEqual({ rows: [] });
  });

  test('the same windows again, in any order, change nothing', async () => {
    const { writer, reader } = store();
    const windows = [1, 2, 3].map((seq) => window({ seq, live: { 7: 10n ** BigInt(seq), 8: 1n } }));
    await writer.write(windows);
    await writer.write([...windows].reverse());
    await writer.write([windows[0]!, windows[0]!]);
    expect(await values(top(reader, 'cgroup', { metric: held }))).toEqual([1000n, 1n]);
    expect(await series(reader, { metric: held })).toEqual([
      [0, 11n],
      [WINDOW, 101n],
      [2 * WINDOW, 1001n],
    ]);
  });

  test('what a boot held is gone when its node has booted again', async () => {
    const { writer, reader } = store();
    const told = [info(7n, '/a', 'uid-a', 'cid-a')];
    await writer.write([
      window({ seq: 1, live: { 7: 1_000_000n, 8: 5n }, cgroupInfos: told }),
      window({ seq: 1, bootId: 'boot-2', startMs: T0 + WINDOW, live: { 8: 3n, 9: 20n } }),
      window({ seq: 1, node: 'n2', live: { 7: 100n } }),
    ]);
    await writer.writeNames([named('uid-a', 'cid-a', 'app')]);
    const { total: all, rows } = await top(reader, 'cgroup', { metric: held });
    expect(rows.map(({ owner, value }) => [owner.node, owner.bootId, owner.cgroupId, value])).toEqual([
      ['n2', 'boot-1', '7', 100n],
      ['n1', 'boot-2', '9', 20n],
      ['n1', 'boot-2', '8', 3n],
    ]);
    expect(all).toBe(123n);
    expect(await total(reader, { metric: held, toMs: T0 + WINDOW })).toBe(1_000_105n);
    expect(await series(reader, { metric: held, stepMs: 2 * WINDOW })).toEqual([[0, 123n]]);
    expect(await series(reader, { metric: held })).toEqual([
      [0, 1_000_105n],
      [WINDOW, 23n],
    ]);
    const filter = { pod: 'web-1' };
    expect(await total(reader, { metric: held, filter })).toBe(0n);
    expect((await top(reader, 'pod', { metric: held, filter })).rows).toEqual([]);
  });

  test('standard errors of several cgroups combine as the root of the sum of squares, rounded up', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ seq: 1, live: { 7: [10n, 900n], 8: [10n, 900n] } }),
      window({ seq: 2, live: { 7: [10n, 30n], 8: [10n, 40n] } }),
      window({ node: 'n2', live: { 7: [10n, 1n], 8: [10n, 1n] } }),
      window({ node: 'n3', live: { 7: [10n, 0n], 8: [10n, 0n] } }),
    ]);
    const byNode = await top(reader, 'node', { metric: error });
    expect(byNode.rows.map(({ owner, value }) => [owner.node, value])).toEqual([
      ['n1', 50n],
      ['n2', 2n],
      ['n3', 0n],
    ]);
    expect(byNode.total).toBe(51n);
    expect(await values(top(reader, 'pod', { metric: error }))).toEqual([51n]);
    expect(await series(reader, { metric: error, filter: { node: 'n1' } })).toEqual([
      [0, 1273n],
      [WINDOW, 50n],
    ]);
    expect(await series(reader, { metric: error, stepMs: 2 * WINDOW })).toEqual([[0, 51n]]);
  });

  test('and so do those of nodes; of a node that booted meanwhile only the last counts', async () => {
    const { writer, reader } = store();
    const old = (node: string, error: bigint) =>
      window({ node, state: { dentriesBeforeAgentEstimate: 5n, dentriesBeforeAgentStandardError: error } });
    await writer.write([
      old('n1', 3n),
      old('n2', 4n),
      { ...old('n2', 10n ** 6n), windowStartMs: BigInt(T0 - WINDOW), bootId: 'boot-0' },
    ]);
    const asked = { metric: metric('node_dentries_before_agent_standard_error') };
    expect(await top(reader, 'node', asked)).toMatchObject({
      total: 5n,
      rows: [{ value: 4n }, { value: 3n }],
    });
    expect(await series(reader, { ...asked, fromMs: T0 - WINDOW, stepMs: 2 * WINDOW })).toEqual([
      [-WINDOW, 5n],
    ]);
    expect(await total(reader, { metric: metric('node_dentries_before_agent_estimate') })).toBe(10n);
  });

  test('large figures of holders are exact; their errors stay right to 15 digits', async () => {
    const { writer, reader } = store();
    const big = 2n ** 53n - 1n;
    await writer.write([window({ live: { 7: [big, big], 8: [big, 0n], 9: [1n, 0n] } })]);
    expect(await total(reader, { metric: held })).toBe(2n * big + 1n);
    expect(await series(reader, { metric: held })).toEqual([[0, 2n * big + 1n]]);
    const [[, root]] = (await series(reader, { metric: error })) as [[number, bigint]];
    expect(Number(root) / Number(big)).toBeCloseTo(1, 12);
  });

  test('errors of boots that are gone leave nothing, whatever their sum was rounded to', async () => {
    const { writer, reader } = store();
    const of = (bootId: string, seq: number, error: bigint) =>
      window({ bootId, seq, live: { 7: [5n, error] }, state: { dentriesBeforeAgentStandardError: error } });
    // As floats, the squares of the first two come to that of the second.
    await writer.write([of('boot-1', 1, 1n), of('boot-2', 2, 2n ** 27n), of('boot-3', 3, 0n)]);
    const stepMs = 3 * WINDOW;
    for (const name of ['live_dentries_standard_error', 'node_dentries_before_agent_standard_error'])
      expect(await series(reader, { metric: metric(name), stepMs }), name).toEqual([[0, 0n]]);
  });

  test('the books of a node may be negative', async () => {
    const { writer, reader } = store();
    const books = (node: string, ...of: bigint[]) =>
      of.map((dentriesUnexplained, n) => window({ node, seq: n + 1, state: { dentriesUnexplained } }));
    const least = -(2n ** 63n);
    await writer.write([...books('n1', -5n, 3n), ...books('n2', 0n, 0n), ...books('n3', least)]);
    const { total: all, rows } = await top(reader, 'node', { metric: unexplained });
    expect(rows.map(({ owner, value }) => [owner.node, value])).toEqual([
      ['n2', 0n],
      ['n1', -2n],
      ['n3', least],
    ]);
    expect(all).toBe(least - 2n);
    expect(await series(reader, { metric: unexplained, filter: { node: 'n1' } })).toEqual([
      [0, -5n],
      [WINDOW, 3n],
    ]);
  });
}
