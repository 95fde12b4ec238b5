/** An ingester of its own on a real InfluxDB: it says how many series there are, and that the bucket keeps more than it was told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { createFleet } from '@dentryscope/simulator';
import { join } from 'node:path';
import { Cli, endAll, eventually } from './lib/cli.js';
import { scratch } from './lib/scratch.js';
import { quickly, startService } from './lib/services.js';

const missing = requirePart('influx');
const WINDOWS = 5;
const dir = scratch();
afterAll(async () => {
  await endAll();
  dir.remove();
});

describe.skipIf(missing)('an ingester on InfluxDB', { timeout: 180_000 }, () => {
  let influx: RunningInflux;
  beforeAll(async () => void (influx = await startInflux()), 120_000);
  afterAll(() => influx?.stop());

  it('tells the series of a simulated fleet, and the difference in retention', async () => {
    const startMs = Math.floor(Date.now() / 10_000) * 10_000 - 10 * 10_000;
    const data = { DENTRYSCOPE_DATA_DIR: join(dir.path, 'data') };
    const simulate = Cli.start(['simulate'], {
      ...data,
      DENTRYSCOPE_SIMULATE_NODES: '6',
      DENTRYSCOPE_SIMULATE_CGROUPS: '30',
      DENTRYSCOPE_SIMULATE_SEED: '3',
      DENTRYSCOPE_SIMULATE_START: String(startMs),
      DENTRYSCOPE_SIMULATE_WINDOWS: String(WINDOWS),
    });
    expect(await simulate.exited, simulate.stderr).toEqual({ code: 0, signal: null });
    const { cli, address } = await startService('ingester', {
      ...{ ...quickly, ...influx.env, ...data },
      DENTRYSCOPE_STORE: 'influx',
    });
    const expected = seriesOf(startMs);
    // It is counted once a minute.
    await eventually(
      async () => {
        const text = await (await fetch(`${address}/metrics`)).text();
        const [, value] = /^ingester_influx_series\{bucket="dentryscope"\} (\d+)$/m.exec(text) ?? [];
        return Number(value) === expected || undefined;
      },
      150_000,
      () => `${expected} series`,
    );
    expect(cli.stderr).toContain('keeps windows for ever, DENTRYSCOPE_RETENTION says 168 h');
    expect(cli.stderr.match(/keeps windows for ever/g)).toHaveLength(1);
  });

  /** One a boot, one for what is told of its cgroups, one a cgroup that has figures. */
  function seriesOf(startMs: number): number {
    const fleet = createFleet({
      cluster: 'default',
      nodes: 6,
      cgroupsPerNode: 30,
      seed: 3,
      windowMs: 10_000,
      startMs,
    });
    const series = new Set<string>();
    for (let n = 0; n < WINDOWS; n++)
      for (const { bootId, cgroups, cgroupInfos } of fleet.window(n)) {
        series.add(`node ${bootId}`);
        if (cgroupInfos.length > 0) series.add(`infos ${bootId}`);
        for (const id of cgroups?.ids ?? []) series.add(`${bootId} ${id}`);
      }
    return series.size;
  }
});
