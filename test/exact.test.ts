/** From this machine's kernel to an answer: what was done is what is said. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { requirePart } from '@dentryscope/lab';
import type { TopAnswer } from '@dentryscope/contracts';
import { endAll, eventually, getJson } from './lib/cli.js';
import { scratch } from './lib/scratch.js';
import { onParts, quickly, startParts, startService, startStandalone } from './lib/services.js';
import type { Parts } from './lib/services.js';
import { Cgroup, buildExt4Workload, requireKernel } from './lib/workload.js';

const FAILED_LOOKUPS = 1000;
const dir = scratch();
let workload: string;

beforeAll(() => void (workload = buildExt4Workload(dir.path)));
afterEach(endAll);
afterAll(dir.remove);

/** Makes a cgroup, works in it, and asks until the window with all of it has been stored and then stays. */
async function topOf(api: string, name: string): Promise<TopAnswer['items']> {
  const cgroup = new Cgroup(`/dentryscope-${process.pid}-${name}`);
  try {
    cgroup.run(workload, 'miss', FAILED_LOOKUPS, dir.path);
    const query = `metric=dentries_allocated&by=cgroup&cgroup=${encodeURIComponent(cgroup.path)}`;
    const ask = async () => (await getJson<TopAnswer>(`${api}/v1/top?${query}`)).items;
    await eventually(async () => ((await ask()).length > 0 ? true : undefined));
    // Two more windows: nothing may be added by what comes after, nor twice.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const items = await ask();
    expect(items.map(({ cgroupId }) => cgroupId)).toEqual([String(cgroup.id)]);
    return items;
  } finally {
    cgroup.remove();
  }
}

describe.skipIf(requireKernel())('1,000 failed lookups in a cgroup are 1,000 dentries', () => {
  it('through the embedded log and DuckDB, in one process', async () => {
    const { cli, address } = await startStandalone({
      ...quickly,
      DENTRYSCOPE_DATA_DIR: `${dir.path}/standalone`,
    });
    expect(await topOf(address, 'embedded')).toMatchObject([{ value: FAILED_LOOKUPS }]);
    expect(await cli.end('SIGINT')).toEqual({ code: 0, signal: null });
  });

  describe.skipIf(requirePart('kafka', 'influx'))('through Kafka and InfluxDB', { timeout: 180_000 }, () => {
    let parts: Parts;
    beforeAll(async () => void (parts = await startParts()));
    afterAll(() => parts?.stop());

    it('with agent, ingester and API as three processes', async () => {
      const env = onParts(parts, `${dir.path}/parts`);
      const ingester = await startService('ingester', env);
      const api = await startService('api', env);
      const agent = await startService('agent', env);
      expect(await topOf(api.address, 'kafka')).toMatchObject([{ value: FAILED_LOOKUPS }]);
      for (const { cli } of [agent, ingester, api])
        expect(await cli.end()).toEqual({ code: 0, signal: null });
    });
  });
});
