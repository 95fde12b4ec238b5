/** The ingester as a function: messages in, durable windows and dead letters out. It keeps nothing between calls. */
import { WindowMemory } from '@dentryscope/contracts';
import type { Writer } from '@dentryscope/store';
import type { Logger } from '@dentryscope/runtime';
import type { Publisher, Received } from '@dentryscope/transport';
import { bury } from './dead-letters.js';
import type { IngesterMetrics } from './metrics.js';
import type { BackoffBounds } from './retry.js';
import { sortMessages } from './sort.js';
import type { Trouble } from './trouble.js';
import { writeAll } from './write.js';

export interface HandlerContext {
  readonly store: Pick<Writer, 'write'>;
  readonly deadLetters: Pick<Publisher, 'publish'>;
  readonly metrics: IngesterMetrics;
  readonly logger: Logger;
  /** Says what is being waited for. */
  readonly trouble: Trouble;
  /** Aborted: what waits for a peer gives up and rejects, so that its messages come again. */
  readonly signal: AbortSignal;
  readonly backoff: BackoffBounds;
}

export type Handler = (messages: readonly Received[]) => Promise<void>;

/**
 * The returned function resolves when every message is durable: in the store, or on the dead-letter topic with its
 * reason. While a peer can't be had it does not resolve, and so holds its partition back instead of piling up.
 * It may be called for several partitions at once, and again with the same messages.
 * It rejects with EndingError only.
 */
export function createHandler(context: HandlerContext): Handler {
  const spare: WindowMemory[] = [];
  return async (messages) => {
    const memory = spare.pop() ?? new WindowMemory();
    const { good, bad } = sortMessages(messages, memory);
    const refused = await writeAll(context, good);
    await bury(context, [...bad, ...refused]);
    // Not where it ends in an error: something may still be reading there.
    memory.reuse();
    spare.push(memory);
  };
}
