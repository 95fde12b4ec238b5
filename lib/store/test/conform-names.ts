import { expect, test } from 'vitest';
import type { Current } from './conformance.js';
import { T0, info, named, series, top, total, window } from './fixtures.js';

const owners = (answer: Awaited<ReturnType<typeof top>>) =>
  answer.rows.map(({ owner, value }) => [owner, value]);

/** A pod of two containers, its own slice, a system service, one whose container nobody named, and the overflow. */
const fleet = window({
  figures: { 0: 1n, 11: 10n, 12: 200n, 13: 3_000n, 14: 40_000n, 15: 500_000n },
  cgroupInfos: [
    info(11n, '/kubepods/pod-a/app', 'uid-a', 'cid-app'),
    info(12n, '/kubepods/pod-a/side', 'uid-a', 'cid-side'),
    info(13n, '/kubepods/pod-a', 'uid-a'),
    info(14n, '/system.slice/cron.service'),
    info(15n, '/docker/cid-docker', '', 'cid-docker'),
  ],
});
const names = [named('uid-a', '', ''), named('uid-a', 'cid-app', 'app'), named('uid-a', 'cid-side', 'side')];
const web = { namespace: 'shop', pod: 'web-1', workload: 'Deployment/web' };

export function namesConform(store: Current): void {
  test('by cgroup: where it lies, and all that is known of it', async () => {
    const { writer, reader } = store();
    await writer.write([fleet]);
    await writer.writeNames(names);
    const at = { cluster: 'c1', node: 'n1', bootId: 'boot-1' };
    expect(owners(await top(reader, 'cgroup'))).toEqual([
      [{ ...at, cgroupId: '15', path: '/docker/cid-docker', container: 'cid-docker' }, 500_000n],
      [{ ...at, cgroupId: '14', path: '/system.slice/cron.service' }, 40_000n],
      [{ ...at, ...web, cgroupId: '13', path: '/kubepods/pod-a' }, 3_000n],
      [{ ...at, ...web, cgroupId: '12', path: '/kubepods/pod-a/side', container: 'side' }, 200n],
      [{ ...at, ...web, cgroupId: '11', path: '/kubepods/pod-a/app', container: 'app' }, 10n],
      [{ ...at, cgroupId: '0', path: '(overflow)' }, 1n],
    ]);
  });

  test('by container, pod, workload, namespace: who has none is one row', async () => {
    const { writer, reader } = store();
    await writer.write([fleet]);
    await writer.writeNames(names);
    expect(owners(await top(reader, 'container'))).toEqual([
      [{ cluster: 'c1', container: 'cid-docker' }, 500_000n],
      [{ cluster: 'c1' }, 43_001n],
      [{ cluster: 'c1', ...web, container: 'side' }, 200n],
      [{ cluster: 'c1', ...web, container: 'app' }, 10n],
    ]);
    const rest = [{ cluster: 'c1' }, 540_001n];
    expect(owners(await top(reader, 'pod'))).toEqual([rest, [{ cluster: 'c1', ...web }, 3_210n]]);
    const workload = { cluster: 'c1', namespace: 'shop', workload: 'Deployment/web' };
    expect(owners(await top(reader, 'workload'))).toEqual([rest, [workload, 3_210n]]);
    expect(owners(await top(reader, 'namespace'))).toEqual([
      rest,
      [{ cluster: 'c1', namespace: 'shop' }, 3_210n],
    ]);
    expect((await top(reader, 'namespace')).total).toBe(543_211n);
  });

  test('the unnamed of each cluster are a row of their own', async () => {
    const { writer, reader } = store();
    await writer.write([window({ figures: { 7: 2n } }), window({ cluster: 'c2', figures: { 7: 1n } })]);
    expect(owners(await top(reader, 'pod'))).toEqual([
      [{ cluster: 'c1' }, 2n],
      [{ cluster: 'c2' }, 1n],
    ]);
  });

  test('a name that comes late repairs what was stored before; one that changes replaces', async () => {
    const { writer, reader } = store();
    await writer.write([fleet]);
    expect((await top(reader, 'pod')).rows.map(({ owner }) => owner)).toEqual([{ cluster: 'c1' }]);
    await writer.writeNames([named('uid-a', 'cid-app', 'app', 'old-name')]);
    expect((await top(reader, 'pod', { filter: { container: 'app' } })).rows[0]?.owner.pod).toBe('old-name');
    await writer.writeNames(names);
    const { rows } = await top(reader, 'pod', { filter: { namespace: 'shop' } });
    expect(rows).toEqual([{ owner: { cluster: 'c1', ...web }, value: 3_210n }]);
  });

  test('a path that comes late repairs too, and so does a name that came first', async () => {
    const { writer, reader } = store();
    await writer.writeNames(names);
    await writer.write([window({ seq: 5, figures: { 11: 10n } })]);
    expect((await top(reader, 'cgroup')).rows[0]?.owner).not.toHaveProperty('path');
    await writer.write([
      window({ seq: 2, cgroupInfos: [info(11n, '/kubepods/pod-a/app', 'uid-a', 'cid-app')] }),
    ]);
    expect((await top(reader, 'cgroup')).rows[0]?.owner).toMatchObject({
      path: '/kubepods/pod-a/app',
      container: 'app',
    });
  });

  test('a container without a name of its own is known by its pod, and goes by its id', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ figures: { 7: 5n }, cgroupInfos: [info(7n, '/p/sandbox', 'uid-a', 'cid-pause')] }),
    ]);
    await writer.writeNames([named('uid-a', 'cid-app', 'app')]);
    expect(owners(await top(reader, 'container'))).toEqual([
      [{ cluster: 'c1', ...web, container: 'cid-pause' }, 5n],
    ]);
  });

  test('the dead keep path and name, whatever is said when they go', async () => {
    const { writer, reader } = store();
    await writer.write([fleet]);
    await writer.writeNames(names);
    const gone = [
      info(11n, '/kubepods/pod-a/app (deleted)', '', '', true),
      info(99n, '/never/seen/alive', '', '', true),
    ];
    await writer.write([window({ seq: 2, figures: { 99: 1n }, cgroupInfos: gone })]);
    const { rows } = await top(reader, 'cgroup', { filter: { cgroup: '11' } });
    expect(rows[0]?.owner).toMatchObject({ ...web, path: '/kubepods/pod-a/app', container: 'app' });
    expect((await top(reader, 'cgroup', { filter: { cgroup: '99' } })).rows[0]?.owner.path).toBe(
      '/never/seen/alive',
    );
    await writer.write([
      window({ seq: 1, startMs: T0 - 10_000, cgroupInfos: [info(99n, '/alive', '', 'cid-99')] }),
    ]);
    expect((await top(reader, 'cgroup', { filter: { cgroup: '99' } })).rows[0]?.owner.path).toBe('/alive');
  });

  test('infos that are said again, and twice in one window, are one cgroup', async () => {
    const { writer, reader } = store();
    const again = [1, 2, 3].map((seq) =>
      window({ ...{ seq, figures: { 11: 1n } }, cgroupInfos: [...fleet.cgroupInfos, ...fleet.cgroupInfos] }),
    );
    await writer.write(again);
    await writer.write([window({ seq: 4, figures: { 11: 1n }, cgroupInfos: fleet.cgroupInfos })]);
    for (const _ of [1, 2]) await writer.writeNames([...names, ...names]);
    expect(owners(await top(reader, 'container'))).toEqual([
      [{ cluster: 'c1', ...web, container: 'app' }, 4n],
    ]);
  });

  test('two boots with the same cgroup id keep their names apart', async () => {
    const { writer, reader } = store();
    await writer.write([
      window({ figures: { 7: 1n }, cgroupInfos: [info(7n, '/a', 'uid-a', 'cid-app')] }),
      window({
        seq: 1,
        bootId: 'boot-2',
        startMs: T0 + 60_000,
        figures: { 7: 2n },
        cgroupInfos: [info(7n, '/b', 'uid-b', 'cid-b')],
      }),
    ]);
    await writer.writeNames([...names, named('uid-b', 'cid-b', 'db', 'db-0')]);
    const found = (await top(reader, 'cgroup')).rows.map(({ owner }) => [
      owner.bootId,
      owner.path,
      owner.pod,
    ]);
    expect(found).toEqual([
      ['boot-2', '/b', 'db-0'],
      ['boot-1', '/a', 'web-1'],
    ]);
  });

  test('filters by name and path, alone and together', async () => {
    const { writer, reader } = store();
    const other = window({
      node: 'n2',
      figures: { 11: 7n },
      cgroupInfos: [info(11n, '/kubepods/pod-b/app', 'uid-b', 'cid-b')],
    });
    await writer.write([fleet, other]);
    await writer.writeNames([
      ...names,
      { ...named('uid-b', 'cid-b', 'app', 'db-0'), namespace: 'data', workload: 'StatefulSet/db' },
    ]);
    const cases: [object, bigint][] = [
      [{ namespace: 'shop' }, 3_210n],
      [{ namespace: 'data' }, 7n],
      [{ workload: 'Deployment/web' }, 3_210n],
      [{ pod: 'db-0' }, 7n],
      [{ container: 'app' }, 17n],
      [{ container: 'app', namespace: 'shop' }, 10n],
      [{ container: 'cid-docker' }, 500_000n],
      [{ cgroup: '/kubepods/pod-a' }, 3_000n],
      [{ cgroup: '/kubepods/pod-b/app', node: 'n1' }, 0n],
      [{ cgroup: '0' }, 1n],
      [{ cgroup: '11', pod: 'web-1' }, 10n],
      [{ pod: 'web-1', node: 'n2' }, 0n],
      [{ pod: '' }, 0n],
    ];
    for (const [filter, sum] of cases) {
      expect([filter, await total(reader, { filter })]).toEqual([filter, sum]);
      expect([filter, await series(reader, { filter })]).toEqual([filter, sum > 0n ? [[0, sum]] : []]);
    }
  });

  test('a name that hundreds of cgroups on hundreds of nodes have', async () => {
    const { writer, reader } = store();
    const ids = [11n, 12n, 13n];
    const nodes = Array.from({ length: 300 }, (_, n) => n);
    await writer.write(
      nodes.map((n) =>
        window({
          node: `n${n}`,
          bootId: `boot-${n}`,
          figures: { 11: 1n, 12: 1_000n, 13: 1_000_000n, 14: 1_000_000_000n },
          cgroupInfos: ids.map((id) => info(id, `/pod/${id}`, `uid-${n}`, `cid-${n}-${id}`)),
        }),
      ),
    );
    await writer.writeNames(nodes.map((n) => named(`uid-${n}`, '', '', `web-${n}`)));
    const filter = { namespace: 'shop' };
    expect(await series(reader, { filter })).toEqual([[0, 300_300_300n]]);
    expect(await total(reader, { filter })).toBe(300_300_300n);
    expect((await top(reader, 'workload', { filter })).rows).toEqual([
      { owner: { cluster: 'c1', namespace: 'shop', workload: 'Deployment/web' }, value: 300_300_300n },
    ]);
    const pods = await top(reader, 'pod', { filter, limit: 1000 });
    expect(pods.rows.length).toBe(300);
    expect(new Set(pods.rows.map(({ value }) => value))).toEqual(new Set([1_001_001n]));
  });
}
