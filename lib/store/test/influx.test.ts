import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import { conformance } from './conformance.js';
import { info, named, top, total, window } from './fixtures.js';

const missing = requirePart('influx');

describe.skipIf(missing)('InfluxDB 2.7', () => {
  let influx: RunningInflux;
  let count = 0;
  beforeAll(async () => {
    influx = await startInflux();
  });
  afterAll(() => influx?.stop());

  const open = (bucket = `b${count++}`) => {
    const { url, org, token } = influx;
    return openInfluxStore({ url, org, token, bucket });
  };

  conformance('influx', () => open());

  test('several that find no bucket: one makes it, and all can write', async () => {
    for (let round = 0; round < 10; round += 1) {
      const stores = await Promise.all(Array.from({ length: 8 }, () => open(`new-${round}`)));
      await Promise.all(
        stores.map(({ writer }, n) => writer.write([window({ node: `n${n}`, figures: { 7: 1n } })])),
      );
      expect(await total(stores[0]!.reader)).toBe(8n);
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  test('a reader sees what another process wrote meanwhile', async () => {
    const [one, other] = [await open('shared'), await open('shared')];
    const told = [info(7n, '/a', 'uid-a', 'cid-a')];
    await one.writer.write([window({ figures: { 7: 1n }, cgroupInfos: told })]);
    expect((await top(other.reader, 'pod')).rows[0]?.owner).toEqual({ cluster: 'c1' });
    await one.writer.writeNames([named('uid-a', 'cid-a', 'app')]);
    expect((await top(other.reader, 'pod')).rows[0]?.owner.pod).toBe('web-1');
    await other.writer.writeNames([named('uid-a', 'cid-a', 'app', 'web-2')]);
    expect((await top(one.reader, 'pod')).rows[0]?.owner.pod).toBe('web-2');
    await Promise.all([one.close(), other.close()]);
  });
});
