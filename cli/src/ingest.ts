/** The ingester with what it stands on, for `ingester` and `standalone`. */
import { topics } from '@dentryscope/contracts';
import { PARTITIONS_AT_ONCE, startIngester } from '@dentryscope/ingester';
import type { Ingester, NameSource } from '@dentryscope/ingester';
import type { Store } from './store.js';
import { openConsumer, openPublisher } from '@dentryscope/transport';
import type { Context } from './command.js';
import { transportOptions } from './transport.js';

/** What it opens is closed by the context's lifecycle, the consumer first. */
export function ingest(
  context: Context,
  { writer, census }: Pick<Store, 'writer' | 'census'>,
  podWatch: NameSource | undefined,
): Ingester {
  const { settings, logger, registry, lifecycle } = context;
  const options = transportOptions(logger, 'ingester');
  const deadLetters = openPublisher(settings, options);
  lifecycle.onClose('dead letters', () => deadLetters.close());
  const consumer = openConsumer(settings, topics.deltas, settings.kafkaGroup, {
    ...options,
    partitionsAtOnce: PARTITIONS_AT_ONCE,
  });
  const ingester = startIngester({
    settings,
    logger,
    consumer,
    deadLetters,
    writer,
    census,
    podWatch,
    registry,
  });
  lifecycle.onClose('ingester', () => ingester.close());
  // A consumer that gave up can only be started anew; the process ends, so that its supervisor does that.
  ingester.finished.catch(() => lifecycle.end());
  return ingester;
}
