/** Good batches into the store, together where it takes them, apart where one of them is refused. */
import { encodeBatch } from '@dentryscope/contracts';
import { StoreError } from '@dentryscope/store';
import type { Refused } from '@dentryscope/store';
import { messageOf } from '@dentryscope/transport';
import type { HandlerContext } from './handler.js';
import { EndingError, retry } from './retry.js';
import type { Bad, Good } from './sort.js';

/** An error that the store does not classify is a fault of ours: tried so often, then treated as a refusal. */
const TRIES_UNCLASSIFIED = 5;

/**
 * Resolves when every batch is durable or refused for good; while the store can't be had it waits.
 * @returns the refused ones
 * @throws EndingError
 */
export async function writeAll(context: HandlerContext, good: readonly Good[]): Promise<Bad[]> {
  if (good.length === 0) return [];
  try {
    await writeTogether(context, good);
    return [];
  } catch (error) {
    // A store that is being closed refuses everything; that says nothing about a batch.
    if (error instanceof EndingError || context.signal.aborted) throw new EndingError(error);
    if (error instanceof StoreError && error.refused) return partsOf(context, good, error.refused);
    if (good.length === 1)
      return good.map(({ received }) => ({
        received,
        reasonClass: 'refused',
        reason: refusal(messageOf(error)),
      }));
    // Halves, not one by one: among 500 batches one poisonous costs 18 writes. What is written twice changes nothing.
    const middle = good.length >> 1;
    const first = await writeAll(context, good.slice(0, middle));
    return [...first, ...(await writeAll(context, good.slice(middle)))];
  }
}

async function writeTogether(context: HandlerContext, good: readonly Good[]): Promise<void> {
  const { store, metrics, trouble, logger } = context;
  const place = trouble.place();
  const batches = good.map(({ batch }) => batch);
  try {
    await retry(
      async () => {
        const startedMs = performance.now();
        await store.write(batches);
        metrics.writeSeconds.observe((performance.now() - startedMs) / 1000);
      },
      {
        backoff: context.backoff,
        signal: context.signal,
        isFinal: (error, tries) =>
          error instanceof StoreError ? !error.retryable : tries >= TRIES_UNCLASSIFIED,
        onRetry: (error, waitMs) => {
          metrics.storeRetries.inc();
          place.say(`the store does not take windows, trying again: ${messageOf(error)}`);
          logger.warn(
            { err: error, windows: batches.length, waitMs },
            'the store does not take windows; trying again',
          );
        },
      },
    );
  } finally {
    place.clear();
  }
  count(context, good);
}

/** Only what was refused is given up: a window of its own, which can be replayed. All else is durable. */
function partsOf(context: HandlerContext, good: readonly Good[], refused: readonly Refused[]): Bad[] {
  const hit = new Set(refused.map(({ batch }) => batch));
  count(
    context,
    good.filter((_, n) => !hit.has(n)),
  );
  return refused.map(({ batch, rest, reason }) => {
    const { received, batch: whole } = good[batch]!;
    const value = rest === whole ? received.value : encodeBatch(rest);
    return { received: { ...received, value }, reasonClass: 'refused', reason: refusal(reason) };
  });
}

function count({ metrics }: HandlerContext, good: readonly Good[]): void {
  metrics.windows.inc(good.length);
  for (const { batch } of good) {
    metrics.rows.inc(batch.cgroups?.ids.length ?? 0);
    metrics.delaySeconds.observe(Math.max(0, Date.now() - Number(batch.windowEndMs)) / 1000);
  }
}

const refusal = (why: string) => `the store will never take it: ${why}`;
