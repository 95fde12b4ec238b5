/** The handler with its consumer around it, and the names beside it. */
import { Registry } from '@dentryscope/runtime';
import type { Logger, Part } from '@dentryscope/runtime';
import type { Settings } from '@dentryscope/contracts';
import type { Census, ContainerName, Writer } from '@dentryscope/store';
import { messageOf } from '@dentryscope/transport';
import type { Consumer, Publisher, Status } from '@dentryscope/transport';
import { takeCensus } from './census.js';
import { createHandler } from './handler.js';
import { createMetrics, exportLag } from './metrics.js';
import { NameWriter } from './names.js';
import type { BackoffBounds } from './retry.js';
import { tellNames } from './tell-names.js';
import { Trouble } from './trouble.js';

/**
 * For its consumer. While the store is at work on one partition's windows, another's are decoded. More would be more memory
 * only: each has up to 1 MiB of messages in hand, some 20,000 rows.
 */
export const PARTITIONS_AT_ONCE = 2;

/** What the ingester needs of identity's PodWatch. */
export interface NameSource {
  /** Hands over every name known now, and then each that is new or changed. @returns the way to stop it */
  subscribe(listener: (names: readonly ContainerName[]) => void): () => void;
  status(): Status;
}

export interface IngesterOptions {
  readonly settings: Pick<Settings, 'store' | 'transport' | 'retention'>;
  readonly logger: Logger;
  /** Closed by the ingester; the others are their owner's to close, afterwards. */
  readonly consumer: Consumer;
  readonly deadLetters: Publisher;
  readonly writer: Writer;
  /** Of a store that is shared: its series are counted, and names are told again before they leave it. */
  readonly census?: Census | undefined;
  readonly podWatch?: NameSource | undefined;
  readonly registry?: Registry | undefined;
  /** Between tries of a peer that can't be had. Default: 250 ms to 30 s. */
  readonly backoff?: BackoffBounds;
}

export interface Ingester {
  /** For /readyz: `transport`, `store`, and `kubernetes` where pods are watched. */
  status(): readonly Part[];
  /** Resolves after close(); rejects when the consumer gives up, which leaves nothing to do but to start anew. */
  readonly finished: Promise<void>;
  /** The write under way ends, what waits for a peer is left to come again, then nothing more is taken. */
  close(): Promise<void>;
}

export function startIngester(options: IngesterOptions): Ingester {
  const { settings, logger, consumer, writer, census, podWatch, registry = new Registry() } = options;
  const ending = new AbortController();
  const trouble = { store: new Trouble(), names: new Trouble() };
  const shared = {
    store: writer,
    logger,
    metrics: createMetrics(registry),
    signal: ending.signal,
    backoff: options.backoff ?? { firstMs: 250, mostMs: 30_000 },
  };
  exportLag(registry, consumer);
  const handler = createHandler({ ...shared, deadLetters: options.deadLetters, trouble: trouble.store });
  const names = new NameWriter({ ...shared, trouble: trouble.names });
  const stopNames = podWatch && tellNames(podWatch, (more) => names.add(more), census && settings.retention);
  const stopCensus = census && takeCensus({ ...shared, census, retentionMs: settings.retention });
  const run = watchRun(consumer.run(handler), logger);

  return {
    status: () => statusOf(options, run.status(), [trouble.store.status(), trouble.names.status()]),
    finished: run.finished,
    close: async () => {
      stopNames?.();
      stopCensus?.();
      ending.abort();
      await consumer.close();
      await run.finished.catch(() => undefined); // told already, by `finished` and the log
      await names
        .flush()
        .catch((error: unknown) => logger.info({ err: error }, 'names are left for the next start'));
    },
  };
}

function watchRun(finished: Promise<void>, logger: Logger) {
  let status: Status = { ok: true };
  finished.catch((error: unknown) => {
    status = { ok: false, detail: `the consumer gave up: ${messageOf(error)}` };
    logger.error({ err: error }, 'the consumer gave up');
  });
  return { finished, status: () => status };
}

function statusOf(options: IngesterOptions, run: Status, stores: readonly Status[]): Part[] {
  const { settings, consumer, deadLetters, podWatch } = options;
  const transport = [run, consumer.status(), deadLetters.status()];
  return [
    part('transport', transport, `DENTRYSCOPE_TRANSPORT=${settings.transport}`),
    part('store', stores, `DENTRYSCOPE_STORE=${settings.store}`),
    ...(podWatch ? [part('kubernetes', [podWatch.status()])] : []),
  ];
}

/** The worst of them; of several good ones the first that has something to say. */
function part(name: string, statuses: readonly Status[], setting?: string): Part {
  const one = statuses.find(({ ok }) => !ok) ?? statuses.find(({ detail }) => detail) ?? { ok: true };
  if (one.detail === undefined) return { name, ok: one.ok };
  return { name, ok: one.ok, detail: setting ? `${setting}: ${one.detail}` : one.detail };
}
