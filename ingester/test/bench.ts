/** A real embedded log and a real DuckDB store in a directory of their own, and the ingester between them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMetric, topics } from '@dentryscope/contracts';
import type { CgroupMetric, Dimension } from '@dentryscope/contracts';
import { startIngester } from '@dentryscope/ingester';
import type { Ingester, NameSource } from '@dentryscope/ingester';
import { Registry, createLogger } from '@dentryscope/runtime';
import { openEmbeddedStore } from '@dentryscope/store';
import type { Writer } from '@dentryscope/store';
import { openEmbeddedLog } from '@dentryscope/transport';
import type { Consumer, Received } from '@dentryscope/transport';

type Store = Awaited<ReturnType<typeof openEmbeddedStore>>;

export interface StartOptions {
  readonly podWatch?: NameSource;
  readonly wrapConsumer?: (consumer: Consumer) => Consumer;
  readonly wrapWriter?: (writer: Writer) => Writer;
}

export class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), 'dentryscope-ingester-'));
  readonly log = openEmbeddedLog({
    directory: join(this.directory, 'log'),
    batchMessages: 50,
    retryFirstMs: 5,
    retryMostMs: 20,
    pollMs: 20,
  });
  readonly publisher = this.log.publisher();
  readonly #running: Ingester[] = [];
  #consumer: Consumer | undefined;
  registry = new Registry();

  private constructor(readonly store: Store) {}

  static async open(): Promise<Bench> {
    const directory = mkdtempSync(join(tmpdir(), 'dentryscope-ingester-store-'));
    const bench = new Bench(await openEmbeddedStore({ directory }));
    bench.#directories.push(directory);
    return bench;
  }

  readonly #directories = [this.directory];

  start(options: StartOptions = {}): Ingester {
    const { podWatch, wrapConsumer = (one) => one, wrapWriter = (one) => one } = options;
    this.registry = new Registry();
    this.#consumer = this.log.consumer({ topic: topics.deltas, group: 'ingester' });
    const ingester = startIngester({
      settings: { store: 'embedded', transport: 'embedded', retention: 7 * 86_400_000 },
      logger: createLogger('test', 'fatal'),
      consumer: wrapConsumer(this.#consumer),
      deadLetters: this.publisher,
      writer: wrapWriter(this.store.writer),
      podWatch,
      registry: this.registry,
      backoff: { firstMs: 5, mostMs: 20 },
    });
    this.#running.push(ingester);
    return ingester;
  }

  async lag(): Promise<bigint | undefined> {
    return this.#consumer?.lag();
  }

  /** Dentries allocated, by owner. */
  async top(by: Dimension, filter = {}) {
    const metric = findMetric('dentries_allocated') as CgroupMetric;
    const range = { fromMs: 0, toMs: 4_000_000_000_000 };
    const cap = { signal: AbortSignal.timeout(20_000) };
    return this.store.reader.top({ ...range, metric, by, filter, limit: 1000 }, cap);
  }

  async deadLetters(): Promise<Received[]> {
    const consumer = this.log.consumer({ topic: topics.deadLetter, group: 'look', ephemeral: true });
    const letters: Received[] = [];
    const run = consumer.run(async (messages) => void letters.push(...messages));
    for (let before = -1; before !== letters.length; await new Promise((resolve) => setTimeout(resolve, 200)))
      before = letters.length;
    await consumer.close();
    await run;
    return letters;
  }

  /** The samples of a metric, by their label values. */
  async metric(name: string): Promise<Record<string, number>> {
    const { values } = await this.registry.getSingleMetric(name)!.get();
    return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
  }

  async close(): Promise<void> {
    for (const ingester of this.#running) await ingester.close();
    await this.log.close();
    await this.store.close();
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true });
  }
}
