import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupMetrics, decodeBatch, topics } from '@dentryscope/contracts';
import { backfilledStart, createFleet, runSimulation } from '@dentryscope/simulator';
import type { ContainerName, Truth } from '@dentryscope/simulator';
import { openEmbeddedLog, TransportError } from '@dentryscope/transport';
import type { Message, Publisher } from '@dentryscope/transport';
import type { CgroupMetric, NodeBatch } from '@dentryscope/contracts';
import { afterEach, describe, expect, it } from 'vitest';

const windowMs = 200;
const logger = { info: () => {}, warn: () => {} };
const fleetOf = (backfillMs: number) =>
  createFleet({
    nodes: 6,
    cgroupsPerNode: 8,
    seed: 3,
    cluster: 'sim',
    windowMs,
    startMs: backfilledStart({ nowMs: Date.now(), windowMs, backfillMs }),
  });

/** Keeps what it takes; refuses whenever `refuse` says so. */
class Kept implements Publisher {
  readonly messages: Message[] = [];
  constructor(readonly refuse: () => boolean = () => false) {}
  async publish(topic: string, messages: readonly Message[]): Promise<void> {
    expect(topic).toBe(topics.deltas);
    if (this.refuse()) throw new Error('the broker is not there');
    this.messages.push(...messages);
  }
  status = () => ({ ok: true });
  close = async () => {};
  batches = () => this.messages.map(({ value }) => decodeBatch(value));
}

describe('runSimulation', () => {
  it('fills the past at once, then goes on as windows end', async () => {
    const fleet = fleetOf(20 * windowMs);
    const publisher = new Kept();
    const truth = await runSimulation({
      fleet,
      publisher,
      logger,
      windows: 23,
      signal: new AbortController().signal,
    });
    expect(truth.windows).toEqual({ from: 0, to: 23 });
    expect(Date.now()).toBeGreaterThanOrEqual(fleet.options.startMs + 23 * windowMs);
    expect(publisher.messages).toHaveLength(truth.batches);
    expect(publisher.messages[0]!.key).toBe('sim/db-01.sim');
  });

  it('publishes nothing before its window has ended', async () => {
    const fleet = fleetOf(0);
    const late: number[] = [];
    const publisher = new Kept(() => !late.push(Date.now()));
    await runSimulation({ fleet, publisher, logger, windows: 3, signal: new AbortController().signal });
    late.forEach((at, k) => expect(at).toBeGreaterThanOrEqual(fleet.options.startMs + (k + 1) * windowMs));
  });

  it('goes faster than the clock when asked to', async () => {
    const began = Date.now();
    const signal = new AbortController().signal;
    await runSimulation({
      fleet: fleetOf(0),
      publisher: new Kept(),
      logger,
      signal,
      windows: 60,
      speed: 50,
      backfillWindows: 0,
    });
    // 60 windows of 200 ms are 12 s by the clock.
    expect(Date.now() - began).toBeLessThan(6_000);
  });

  it('skips nothing while the broker is away', async () => {
    const fleet = fleetOf(10 * windowMs);
    let calls = 0;
    const publisher = new Kept(() => ++calls % 3 !== 0);
    const signal = new AbortController().signal;
    const truth = await runSimulation({ fleet, publisher, logger, windows: 4, signal });
    const allocated = publisher.batches().flatMap(({ cgroups }) => cgroups?.dentriesAllocated ?? []);
    expect(allocated.reduce((total, value) => total + value, 0n)).toBe(truth.sum('dentries_allocated'));
    expect(calls).toBe(12);
  });

  it('ends at once on the signal, also while the broker is away', async () => {
    const stop = new AbortController();
    const run = runSimulation({
      fleet: fleetOf(windowMs),
      publisher: new Kept(() => true),
      logger,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 300);
    const truth = await run;
    expect(truth.windows).toEqual({ from: 0, to: 0 });
    expect(truth.sum('dentries_allocated')).toBeUndefined();
  });

  it.each(['publisher', 'names'] as const)('ends by what can never work, told by the %s', async (by) => {
    const hopeless = new TransportError('never', false);
    let calls = 0;
    const fail = async () => {
      calls++;
      throw hopeless;
    };
    const publisher = Object.assign(new Kept(), by === 'publisher' ? { publish: fail } : {});
    const onNames = by === 'names' ? fail : async () => {};
    const { signal } = new AbortController();
    const run = runSimulation({ fleet: fleetOf(5 * windowMs), publisher, logger, onNames, signal });
    await expect(run).rejects.toBe(hopeless);
    expect(calls).toBe(1);
  });

  it('tells the names before the windows, and again where that failed', async () => {
    const fleet = fleetOf(5 * windowMs);
    const told: ContainerName[] = [];
    const publisher = new Kept(() => (expect(told.length).toBeGreaterThan(0), false));
    let failures = 1;
    const onNames = async (names: readonly ContainerName[]) => {
      if (failures-- > 0) throw new Error('the store is locked');
      told.push(...names);
    };
    await runSimulation({
      fleet,
      publisher,
      logger,
      windows: 5,
      onNames,
      signal: new AbortController().signal,
    });
    const ids = told.map(({ containerId }) => containerId);
    expect(ids.toSorted()).toEqual(
      fleet
        .containerNames({ from: 0, to: 5 })
        .map((n) => n.containerId)
        .toSorted(),
    );
  });
});

describe('backfilledStart', () => {
  it('lies on a window, and not before what an earlier run published', () => {
    expect(backfilledStart({ nowMs: 1_000_017, windowMs: 10, backfillMs: 100 })).toBe(999_910);
    expect(backfilledStart({ nowMs: 1_000_017, windowMs: 10, backfillMs: 100, notBeforeMs: 999_955 })).toBe(
      999_960,
    );
  });
});

describe('through the embedded log', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dentryscope-simulator-'));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Of one metric, by node and cgroup. */
  const sums = (batches: readonly NodeBatch[], { column, kind }: CgroupMetric) => {
    const total = new Map<string, bigint>();
    for (const { node, cgroups } of batches)
      cgroups?.[column].forEach((value, at) => {
        const key = `${node} ${cgroups.ids[at]}`;
        total.set(key, kind === 'gauge' ? value : (total.get(key) ?? 0n) + value);
      });
    return total;
  };
  const planted = (truth: Truth, metric: string) =>
    new Map(
      truth.rows
        .filter((row) => row.metric === metric && row.cgroup !== undefined)
        .map(({ node, cgroup, value }) => [`${node} ${cgroup}`, value]),
    );

  it('reads back exactly what was planted, cgroup by cgroup', async () => {
    const fleet = fleetOf(40 * windowMs);
    const log = openEmbeddedLog({ directory });
    const { signal } = new AbortController();
    const truth = await runSimulation({ fleet, publisher: log.publisher(), logger, windows: 40, signal });
    const consumer = log.consumer({ topic: topics.deltas, group: 'test' });
    const read: NodeBatch[] = [];
    const run = consumer.run(async (messages) => {
      read.push(...messages.map(({ value }) => decodeBatch(value)));
    });
    await expect.poll(() => read.length, { timeout: 20_000 }).toBe(truth.batches);
    await consumer.close();
    await run;
    await log.close();
    for (const metric of cgroupMetrics) expect(sums(read, metric)).toEqual(planted(truth, metric.name));
    expect(planted(truth, 'dentries_allocated').size).toBeGreaterThan(30);
  });
});
