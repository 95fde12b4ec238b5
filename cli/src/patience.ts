/** Publishing for a command: it waits for a broker, but not for ever. */
import { Backoff, TransportError, messageOf, sleep } from '@dentryscope/transport';
import type { Message, Publisher } from '@dentryscope/transport';
import { CommandError } from './command.js';

export const PATIENCE_MS = 30_000;

/**
 * A broker that starts, or elects a leader, is waited for; one that is not there is told after a while.
 * @throws CommandError
 */
export async function publishPatiently(
  publisher: Publisher,
  topic: string,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(200, 5_000);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await publisher.publish(topic, messages);
    } catch (error) {
      const worthIt = error instanceof TransportError && error.retryable && Date.now() < deadline;
      if (!worthIt || signal.aborted) throw new CommandError(messageOf(error), { cause: error });
      await sleep(backoff.next(), signal);
    }
  }
}

/** Whether the transport will never take these messages so. */
export function isRefused(error: unknown): boolean {
  return error instanceof CommandError && error.cause instanceof TransportError && !error.cause.retryable;
}
