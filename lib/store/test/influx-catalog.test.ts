/** The log of names and cgroups on a real InfluxDB, as its lines come: in the order of its series, not of time. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import { Server } from '../src/influx/server.js';
import { info, named, top, window } from './fixtures.js';

const missing = requirePart('influx');

describe.skipIf(missing)('the catalog of InfluxDB 2.7', () => {
  let influx: RunningInflux;
  let count = 0;
  beforeAll(async () => void (influx = await startInflux()));
  afterAll(() => influx?.stop());

  const open = async () => {
    const { url, org, token } = influx;
    const options = { url, org, token, bucket: `b${count++}` };
    const store = await openInfluxStore(options);
    const cgroupInfos = [info(7n, '/a', 'uid-a', 'cid-a')];
    await store.writer.write([window({ figures: { 7: 1n }, cgroupInfos })]);
    return { ...store, options };
  };
  /** As one who starts now is told. */
  const podOf = async (options: Awaited<ReturnType<typeof open>>['options']) => {
    const { reader, close } = await openInfluxStore(options);
    const { rows } = await top(reader, 'pod');
    await close();
    return rows.map(({ owner }) => owner.pod);
  };

  test('the last name counts, also where an older one stands in a later series', async () => {
    const { writer, close, options } = await open();
    const many = Array.from({ length: 3000 }, (_, n) => named(`uid-${n}`, `cid-${n}`, 'app'));
    // More than a line takes: the last of them is in another part.
    await writer.writeNames([...many, named('uid-a', 'cid-a', 'app', 'web-old')]);
    expect(await podOf(options)).toEqual(['web-old']);
    await writer.writeNames([named('uid-a', 'cid-a', 'app', 'web-new')]);
    expect(await podOf(options)).toEqual(['web-new']);
    await close();
  });

  test.each([
    ['001000000', '001000001'],
    ['001000001', '001000010'],
    ['000000000', '000000001'],
    ['499999999', '500000000'],
    ['500000000', '500000001'],
    ['999999999', '1000000000'],
  ])('a nanosecond decides: %s, %s', async (older, newer) => {
    const { close, options } = await open();
    const line = (part: number, pod: string, at: string) => {
      const { namespace, workload } = named('', '', '');
      const name = { namespace, pod, container: 'app', workload };
      const names = JSON.stringify([{ kind: 'container', id: 'cid-a', name }]);
      return `name,part=${part} names="${names.replaceAll('"', '\\"')}" ${1_767_225_600_000_000_000n + BigInt(at)}`;
    };
    const server = new Server(options);
    await server.write([line(0, 'newer', newer), line(1, 'older', older)].join('\n'), 'ns');
    expect(await podOf(options)).toEqual(['newer']);
    await server.write([line(2, 'first', older), line(3, 'last', `${Number(newer) + 1}`)].join('\n'), 'ns');
    expect(await podOf(options)).toEqual(['last']);
    await close();
  });
});
