/** A simulated fleet into a real InfluxDB, rolled up by the command, its windows dropped: the API's answers stay. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { createFleet } from '@dentryscope/simulator';
import { openInfluxStore } from '@dentryscope/store';
import { Cli, endAll, eventually, getJson } from './lib/cli.js';
import { scratch } from './lib/scratch.js';
import { quickly, startService } from './lib/services.js';

const missing = requirePart('influx');
const HOUR_MS = 3_600_000;
/** Four hours that are due, and half of one that is not. */
const WINDOWS = 270;
/** So long after its end an hour is due, where windows are kept two hours. */
const DUE_MS = 1.25 * HOUR_MS;
const dir = scratch();
afterAll(async () => {
  await endAll();
  dir.remove();
});

interface Top {
  readonly total: string;
  readonly items: readonly unknown[];
  readonly gaps?: unknown;
}

describe.skipIf(missing)('rollup', { timeout: 180_000 }, () => {
  let influx: RunningInflux;
  let env: Record<string, string>;
  const untilMs = Math.floor((Date.now() - DUE_MS) / HOUR_MS) * HOUR_MS;
  const beginMs = untilMs - 4 * HOUR_MS;
  const fleet = {
    ...{ cluster: 'default', nodes: 5, cgroupsPerNode: 20, seed: 11 },
    ...{ windowMs: 60_000, startMs: beginMs },
  };
  beforeAll(async () => {
    influx = await startInflux();
    env = {
      ...{ ...quickly, ...influx.env, DENTRYSCOPE_DATA_DIR: join(dir.path, 'data') },
      DENTRYSCOPE_STORE: 'influx',
    };
    await fill();
  }, 120_000);
  afterAll(() => influx?.stop());

  /** Windows of a minute, by an ingester that keeps them for long. */
  async function fill(): Promise<void> {
    const simulate = Cli.start(['simulate'], {
      ...env,
      DENTRYSCOPE_WINDOW: `${fleet.windowMs}ms`,
      DENTRYSCOPE_SIMULATE_NODES: String(fleet.nodes),
      DENTRYSCOPE_SIMULATE_CGROUPS: String(fleet.cgroupsPerNode),
      DENTRYSCOPE_SIMULATE_SEED: String(fleet.seed),
      DENTRYSCOPE_SIMULATE_START: String(beginMs),
      DENTRYSCOPE_SIMULATE_WINDOWS: String(WINDOWS),
    });
    expect(await simulate.exited, simulate.stderr).toEqual({ code: 0, signal: null });
    const { cli, address } = await startService('ingester', { ...env, DENTRYSCOPE_RETENTION: '30d' });
    await eventually(async () => {
      const text = await (await fetch(`${address}/metrics`)).text();
      return (
        (/^ingester_lag_messages 0$/m.test(text) && /^ingester_windows_total [1-9]/m.test(text)) || undefined
      );
    }, 180_000);
    await cli.end();
    await nameContainers();
  }

  /** No cluster knows simulated containers. */
  async function nameContainers(): Promise<void> {
    const { url, org, token, bucket } = influx;
    const store = await openInfluxStore({ url, org, token, bucket });
    await store.writer.writeNames(createFleet(fleet).containerNames({ from: 0, to: WINDOWS }));
    await store.close();
  }

  /** Of the API with windows that are kept two hours. */
  async function answers(): Promise<Record<string, Top>> {
    const { cli, address } = await startService('api', { ...env, DENTRYSCOPE_RETENTION: '2h' });
    const found: Record<string, Top> = {};
    const [from, to] = [beginMs, untilMs + HOUR_MS].map((ms) => new Date(ms).toISOString());
    const range = `from=${from}&to=${to}`;
    for (const by of ['node', 'namespace', 'workload'])
      for (const metric of ['dentries_allocated', 'dentries_freed'])
        found[`${metric} ${by}`] = await getJson(`${address}/v1/top?metric=${metric}&by=${by}&${range}`);
    found['dentries'] = await getJson(`${address}/v1/top?metric=node_dentries&by=node&${range}`);
    const series = await getJson<Top>(`${address}/v1/series?metric=dentries_allocated&step=1h&${range}`);
    // Gaps are looked for between windows.
    found['series'] = { ...series, gaps: null };
    await cli.end();
    return found;
  }

  it('sums up what is due, and the answers are the same without the windows', async () => {
    const before = await answers();
    expect(before['dentries_allocated workload']!.items.length).toBeGreaterThan(3);
    const rollup = Cli.start(['rollup'], { ...env, DENTRYSCOPE_RETENTION: '2h' });
    expect(await rollup.exited, rollup.stderr).toEqual({ code: 0, signal: null });
    const said = rollup.stdout.trim().split('\n');
    const due = said.length - 1;
    // Where a quarter past an hour went by meanwhile, one more is.
    expect([4, 5]).toContain(due);
    expect(said).toEqual([
      ...Array.from({ length: due }, (_, n) => {
        const hour = new Date(beginMs + n * HOUR_MS).toISOString();
        return expect.stringMatching(`^${hour}: \\d+ points of ${fleet.nodes} nodes$`) as string;
      }),
      `${due} hours rolled up; nothing else is due`,
    ]);
    await dropWindows();
    expect(await answers()).toEqual(before);
  });

  async function dropWindows(): Promise<void> {
    for (const measurement of ['cgroup', 'node']) {
      const [start, stop] = [beginMs, untilMs - 1].map((ms) => new Date(ms).toISOString());
      const { status } = await fetch(
        `${influx.url}/api/v2/delete?org=${influx.org}&bucket=${influx.bucket}`,
        {
          method: 'POST',
          headers: { authorization: `Token ${influx.token}` },
          body: JSON.stringify({ start, stop, predicate: `_measurement="${measurement}"` }),
        },
      );
      expect(status).toBe(204);
    }
  }

  it('goes on with --every until it is ended; an ingester tells how far it has come', async () => {
    const rollup = Cli.start(['rollup', '--every', '15m'], { ...env, DENTRYSCOPE_RETENTION: '2h' });
    await rollup.says(/rolled up what is due/);
    expect(await rollup.end('SIGTERM')).toEqual({ code: 0, signal: null });
    const { address } = await startService('ingester', { ...env, DENTRYSCOPE_RETENTION: '2h' });
    const [, until] = await eventually(async () => {
      const text = await (await fetch(`${address}/metrics`)).text();
      return /^ingester_influx_rolled_until_timestamp_seconds (\S+)$/m.exec(text) ?? undefined;
    });
    expect(Number(until) * 1000).toBeGreaterThanOrEqual(untilMs);
  });

  it.each([
    [['--every', '2h'], {}, /DENTRYSCOPE_EVERY must be 22m or less/],
    [[], { DENTRYSCOPE_STORE: 'embedded' }, /DENTRYSCOPE_STORE=embedded: it rolls up InfluxDB/],
    [[], { DENTRYSCOPE_ROLLUP_RETENTION: '1h' }, /DENTRYSCOPE_ROLLUP_RETENTION must be longer/],
    [[], { DENTRYSCOPE_INFLUX_ROLLUP_BUCKET: 'dentryscope' }, /must be another bucket/],
    [[], { DENTRYSCOPE_INFLUX_TOKEN: '' }, /DENTRYSCOPE_INFLUX_TOKEN/],
    [['now'], {}, /wants flags only; got "now"/],
  ])('%j with %j: says what is wrong', async (flags, more, wrong) => {
    const rollup = Cli.start(['rollup', ...flags], { ...env, DENTRYSCOPE_RETENTION: '2h', ...more });
    expect(await rollup.exited).toEqual({ code: 2, signal: null });
    expect(rollup.stderr).toMatch(wrong);
  });

  it('an InfluxDB that is not there: ends with status 1, its address and setting', async () => {
    const gone = { ...env, DENTRYSCOPE_INFLUX_URL: 'http://127.0.0.1:1' };
    const rollup = Cli.start(['rollup'], { ...gone, DENTRYSCOPE_RETENTION: '2h' });
    expect(await rollup.exited).toEqual({ code: 1, signal: null });
    expect(rollup.stderr).toMatch(/127\.0\.0\.1:1 \(DENTRYSCOPE_INFLUX_URL\).*ECONNREFUSED/);
  });
});
