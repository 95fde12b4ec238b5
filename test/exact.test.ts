/** From this machine's kernel to an answer: what was done is what is said. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { requirePart, startInflux, startKafka } from '@dentryscope/lab';
import type { RunningInflux, RunningKafka } from '@dentryscope/lab';
import type { TopAnswer } from '@dentryscope/contracts';
import { Cli, endAll, eventually, getJson } from './lib/cli.js';
import { isExt4, scratch } from './lib/scratch.js';
import { Cgroup, buildWorkload, requireKernel } from './lib/workload.js';

const FAILED_LOOKUPS = 1000;
const dir = scratch();
let workload: string;

beforeAll(() => {
  workload = buildWorkload(dir.path);
  if (!isExt4(dir.path)) throw new Error(`${dir.path} is not on ext4; set TMPDIR to a folder that is`);
});
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
    const cli = Cli.start(['standalone'], {
      DENTRYSCOPE_DATA_DIR: `${dir.path}/standalone`,
      DENTRYSCOPE_API_LISTEN: '127.0.0.1:0',
      DENTRYSCOPE_WINDOW: '500ms',
    });
    const [, api] = await cli.says(/dentryscope is at (http\S+)/);
    expect(await topOf(api!, 'embedded')).toMatchObject([{ value: FAILED_LOOKUPS }]);
    expect(await cli.end('SIGINT')).toEqual({ code: 0, signal: null });
  });

  describe.skipIf(requirePart('kafka', 'influx'))('through Kafka and InfluxDB', { timeout: 180_000 }, () => {
    let kafka: RunningKafka;
    let influx: RunningInflux;
    beforeAll(async () => {
      [kafka, influx] = await Promise.all([startKafka(), startInflux()]);
    });
    afterAll(async () => {
      await Promise.all([kafka?.stop(), influx?.stop()]);
    });

    it('with agent, ingester and API as three processes', async () => {
      const env = {
        ...kafka.env,
        ...influx.env,
        DENTRYSCOPE_TRANSPORT: 'kafka',
        DENTRYSCOPE_STORE: 'influx',
        DENTRYSCOPE_WINDOW: '500ms',
        DENTRYSCOPE_DATA_DIR: `${dir.path}/parts`,
        DENTRYSCOPE_AGENT_LISTEN: '127.0.0.1:0',
        DENTRYSCOPE_INGESTER_LISTEN: '127.0.0.1:0',
        DENTRYSCOPE_API_LISTEN: '127.0.0.1:0',
      };
      const services = ['ingester', 'api', 'agent'].map((name) => Cli.start([name], env));
      const [, address] = await services[1]!.says(/"address":"(http[^"]+)"/);
      await services[2]!.says(/agent started/);
      expect(await topOf(address!, 'kafka')).toMatchObject([{ value: FAILED_LOOKUPS }]);
      for (const service of services) expect(await service.end()).toEqual({ code: 0, signal: null });
    });
  });
});
