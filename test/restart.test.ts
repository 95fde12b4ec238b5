/** Kill and restart of each service in the middle: what was published is what the API says, nothing less, nothing twice. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { batchKey, batchToJson, batchFromJson, encodeBatch, topics } from '@dentryscope/contracts';
import type { TopAnswer } from '@dentryscope/contracts';
import { requirePart } from '@dentryscope/lab';
import type { Fleet } from '@dentryscope/simulator';
import { openKafkaPublisher } from '@dentryscope/transport';
import { Cli, endAll, eventually, getJson } from './lib/cli.js';
import { expectTruth, pastFleet } from './lib/fleet.js';
import { scratch } from './lib/scratch.js';
import { onParts, quickly, startParts, startService, startStandalone } from './lib/services.js';
import type { Parts } from './lib/services.js';
import { Cgroup, buildWorkload, requireKernel } from './lib/workload.js';

const WINDOWS = 80;
const dir = scratch();
afterEach(endAll);
afterAll(dir.remove);

describe.skipIf(requirePart('kafka', 'influx'))('with Kafka and InfluxDB', { timeout: 300_000 }, () => {
  let parts: Parts;
  let env: Record<string, string>;
  beforeAll(async () => {
    parts = await startParts();
    env = onParts(parts, `${dir.path}/parts`);
  });
  afterAll(() => parts?.stop());

  /** Each window until the broker has it, some ten a second. */
  async function publishAll(fleet: Fleet): Promise<void> {
    const publisher = openKafkaPublisher({ brokers: parts.kafka.brokers, partitions: 4 });
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
    const first = await startService('ingester', env);
    const { cli: api } = await startService('api', env);
    await first.cli.end('SIGKILL');
    const second = await startService('ingester', env);
    await sleep(1000);
    await parts.influx.kill('SIGKILL');
    await sleep(1000);
    await parts.influx.restart();
    await parts.kafka.kill('SIGKILL');
    await sleep(1000);
    await parts.kafka.restart();
    await second.cli.end('SIGKILL');
    await startService('ingester', env);
    await api.end('SIGKILL');
    await published;
    await expectTruth((await startService('api', env)).address, fleet, WINDOWS, 120_000);
  });

  it.skipIf(requireKernel())('a real agent is killed in the middle', async () => {
    const workload = buildWorkload(dir.path);
    const cgroup = new Cgroup(`/dentryscope-${process.pid}-killed-agent`);
    await startService('ingester', env);
    const { address } = await startService('api', env);
    const tail = Cli.start(['tail'], env);
    const total = async () => {
      const query = `metric=dentries_allocated&by=cgroup&cgroup=${encodeURIComponent(cgroup.path)}`;
      return (await getJson<TopAnswer>(`${address}/v1/top?${query}`)).total;
    };
    try {
      for (const [signal, times] of [['SIGKILL', 3] as const, ['SIGTERM', 1] as const]) {
        for (let round = 0; round < times; round++) {
          const { cli: agent } = await startService('agent', env);
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
      ...quickly,
      DENTRYSCOPE_DATA_DIR: join(dir.path, 'standalone'),
      DENTRYSCOPE_BACKEND: 'none',
    };
    const start = () => startStandalone(env);
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
