/** A broker is back after two hours: the newest windows are answered while the old ones still come, and in the end all is exact. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Sender, openSpool } from '@dentryscope/agent';
import { batchKey, encodeBatch } from '@dentryscope/contracts';
import type { NodeAnswer, TopAnswer } from '@dentryscope/contracts';
import { requirePart, startKafka } from '@dentryscope/lab';
import type { RunningKafka } from '@dentryscope/lab';
import { createLogger } from '@dentryscope/runtime';
import { createFleet } from '@dentryscope/simulator';
import { openKafkaPublisher } from '@dentryscope/transport';
import { endAll, eventually, getJson } from './lib/cli.js';
import { scratch } from './lib/scratch.js';
import { quickly, startStandalone } from './lib/services.js';

const WINDOW_MS = 10_000;
const BACKLOG = 720;
const LIVE = 3;
const DRAIN_PER_SECOND = 40;

const dir = scratch();
afterEach(endAll);
afterAll(dir.remove);

describe.skipIf(requirePart('kafka'))('with Kafka, DuckDB and the API', { timeout: 240_000 }, () => {
  let kafka: RunningKafka;
  beforeAll(async () => void (kafka = await startKafka()));
  afterAll(() => kafka?.stop());

  it('after two hours without a broker the newest windows are answered first', async () => {
    const startMs = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS - BACKLOG * WINDOW_MS;
    const options = { nodes: 1, cgroupsPerNode: 20, seed: 5, windowMs: WINDOW_MS, startMs };
    const fleet = createFleet({ ...options, cluster: 'backlog' });
    const spool = openSpool({ directory: `${dir.path}/spool`, maxBytes: 64 << 20, bootId: 'a' });
    const append = (n: number) => {
      const [batch] = fleet.window(n);
      spool.append(() => ({ bytes: encodeBatch(batch!), endMs: Number(batch!.windowEndMs) }));
      return batch!;
    };
    for (let n = 0; n < BACKLOG; n++) append(n);
    const { node } = append(BACKLOG);

    const env = { ...quickly, ...kafka.env, DENTRYSCOPE_WINDOW: '10s', DENTRYSCOPE_TRANSPORT: 'kafka' };
    const { address } = await startStandalone({ ...env, DENTRYSCOPE_DATA_DIR: `${dir.path}/standalone` });
    const publisher = openKafkaPublisher({ brokers: kafka.brokers, partitions: 4, publishTimeoutMs: 30_000 });
    const sender = new Sender(spool, publisher, {
      key: batchKey({ cluster: 'backlog', node }),
      drainPerSecond: DRAIN_PER_SECOND,
      logger: createLogger('backlog', 'fatal'),
      onFatal: (error) => {
        throw error;
      },
    });
    const newest = async () => Number((await getJson<NodeAnswer>(`${address}/v1/nodes/${node}`)).seq);
    const answered = (seq: number) => eventually(async () => (await newest()) === seq || undefined, 60_000);
    const sum = async () => {
      const [from, to] = [startMs, startMs + (BACKLOG + 1 + LIVE) * WINDOW_MS].map((ms) =>
        new Date(ms).toISOString(),
      );
      const query = `metric=dentries_allocated&by=node&cluster=backlog&from=${from}&to=${to}`;
      return Number((await getJson<TopAnswer>(`${address}/v1/top?${query}`)).total);
    };
    const truth = (windows: number) =>
      Number(fleet.truth({ from: 0, to: windows }).sum('dentries_allocated')!);

    sender.start();
    await answered(BACKLOG + 1);
    expect(spool.size).toBeGreaterThan(BACKLOG / 2);
    for (let live = 1; live <= LIVE; live++) {
      append(BACKLOG + live);
      sender.notify();
      await answered(BACKLOG + 1 + live);
    }
    expect(spool.size).toBeGreaterThan(0);
    expect(await sum()).toBeLessThan(truth(BACKLOG + 1));
    await eventually(() => spool.size === 0 || undefined, 60_000);
    const all = truth(BACKLOG + 1 + LIVE);
    await eventually(async () => (await sum()) >= all || undefined, 60_000);
    expect(await sum()).toBe(all);
    await sender.close(1000);
    await publisher.close();
    spool.close();
  });
});
