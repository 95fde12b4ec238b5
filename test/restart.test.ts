/** Kill and restart of each service in the middle: what was published is what the API says, nothing less, nothing twice. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { batchKey, batchToJson, batchFromJson, encodeBatch, topics } from '@dentryscope/contracts';
import type { TopAnswer } from '@dentryscope/contracts';
import { requirePart, startInflux, startKafka } from '@dentryscope/lab';
import type { RunningInflux, RunningKafka } from '@dentryscope/lab';
import type { Fleet } from '@dentryscope/simulator';
import { openKafkaPublisher } from '@dentryscope/transport';
import { Cli, endAll, eventually, getJson } from './lib/cli.js';
import { expectTruth, pastFleet } from './lib/fleet.js';
import { scratch } from './lib/scratch.js';
import { Cgroup, buildWorkload, requireKernel } from './lib/workload.js';

const WINDOWS = 80;
const dir = scratch();
afterEach(endAll);
afterAll(dir.remove);

describe.skipIf(requirePart('kafka', 'influx'))('with Kafka and InfluxDB', { timeout: 300_000 }, () => {
  let kafka: RunningKafka;
  let influx: RunningInflux;
  let env: Record<string, string>;
  const start = (name: string) => Cli.start([name], env);
  const startApi = async () => {
    const cli = start('api');
    const [, address] = await cli.says(/"address":"(http[^"]+)"/);
    return { cli, address: address! };
  };

  beforeAll(async () => {
    [kafka, influx] = await Promise.all([startKafka(), startInflux()]);
    env = {
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
  });
  afterAll(async () => {
    await Promise.all([kafka?.stop(), influx?.stop()]);
  });

  /** Each window until the broker has it, some ten a second. */
  async function publishAll(fleet: Fleet): Promise<void> {
    const publisher = openKafkaPublisher({ brokers: kafka.brokers, partitions: 4 });
    for (let window = 0; window < WINDOWS; window++) {
      const messages = fleet
        .window(window)
        .map((batch) => ({ key: batchKey(batch), value: encodeBatch(batch) }));
      await eventually(() => publisher.publish(topics.deltas, messages).then(() => true as const), 60_000);
      await sleep(100);
    }
    await publisher.close();
  }

  it('ingester, API, broker and store are killed while windows come in', async () => {
    const fleet = pastFleet(WINDOWS);
    const published = publishAll(fleet);
    let ingester = start('ingester');
    const { cli: api } = await startApi();
    await ingester.says(/ingester started/);
    await ingester.end('SIGKILL');
    ingester = start('ingester');
    await sleep(1000);
    await influx.kill('SIGKILL');
    await sleep(1000);
    await influx.restart();
    await kafka.kill('SIGKILL');
    await sleep(1000);
    await kafka.restart();
    await ingester.end('SIGKILL');
    start('ingester');
    await api.end('SIGKILL');
    await published;
    await expectTruth((await startApi()).address, fleet, WINDOWS, 120_000);
  });

  it.skipIf(requireKernel())('a real agent is killed in the middle', async () => {
    const workload = buildWorkload(dir.path);
    const cgroup = new Cgroup(`/dentryscope-${process.pid}-killed-agent`);
    start('ingester');
    const { address } = await startApi();
    const tail = start('tail');
    const total = async () => {
      const query = `metric=dentries_allocated&by=cgroup&cgroup=${encodeURIComponent(cgroup.path)}`;
      return (await getJson<TopAnswer>(`${address}/v1/top?${query}`)).total;
    };
    try {
      for (const [signal, times] of [['SIGKILL', 3] as const, ['SIGTERM', 1] as const]) {
        for (let round = 0; round < times; round++) {
          const agent = start('agent');
          await agent.says(/agent started/);
          cgroup.run(workload, 'miss', 300, dir.path);
          await sleep(700);
          await agent.end(signal);
        }
      }
      // The last round ended in order, so at least that one is published whole.
      await eventually(async () => (Number(await total()) >= 300 ? true : undefined));
      await sleep(2000);
      expect(await total()).toBe(publishedFor(tail.stdout, cgroup.id));
    } finally {
      cgroup.remove();
    }
  });
});

/** What the transport holds for a cgroup; the same window twice counts once. */
function publishedFor(lines: string, id: bigint): number {
  const windows = new Map<string, bigint>();
  for (const line of lines.trim().split('\n')) {
    const batch = batchFromJson(line);
    const at = batch.cgroups?.ids.indexOf(id) ?? -1;
    windows.set(`${batch.bootId}/${batch.seq}`, at < 0 ? 0n : batch.cgroups!.dentriesAllocated[at]!);
  }
  return Number([...windows.values()].reduce((sum, value) => sum + value, 0n));
}

describe('with the embedded log and DuckDB', { timeout: 180_000 }, () => {
  it('standalone is killed three times while others publish into its log', async () => {
    const fleet = pastFleet(WINDOWS);
    const env = {
      DENTRYSCOPE_DATA_DIR: join(dir.path, 'standalone'),
      DENTRYSCOPE_API_LISTEN: '127.0.0.1:0',
      DENTRYSCOPE_BACKEND: 'none',
    };
    const start = async () => {
      const cli = Cli.start(['standalone'], env);
      const [, address] = await cli.says(/dentryscope is at (http\S+)/);
      return { cli, address: address! };
    };
    let standalone = await start();
    for (let part = 0; part < 4; part++) {
      const file = join(dir.path, `part-${part}.jsonl`);
      const windows = Array.from({ length: WINDOWS / 4 }, (_, k) => fleet.window((part * WINDOWS) / 4 + k));
      writeFileSync(
        file,
        windows
          .flat()
          .map((batch) => `${batchToJson(batch)}\n`)
          .join(''),
      );
      const publish = Cli.start(['publish', file], env);
      if (part < 3) {
        await sleep(150 * part);
        await standalone.cli.end('SIGKILL');
        standalone = await start();
      }
      expect(await publish.exited).toEqual({ code: 0, signal: null });
    }
    await expectTruth(standalone.address, fleet, WINDOWS);
  });
});
