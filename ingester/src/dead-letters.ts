/** What can't be used, onto the dead-letter topic. */
import { topics } from '@dentryscope/contracts';
import { TransportError, deadLetter, messageOf } from '@dentryscope/transport';
import type { Message } from '@dentryscope/transport';
import type { HandlerContext } from './handler.js';
import { EndingError, retry } from './retry.js';
import type { Bad } from './sort.js';

/** What is left of a dead letter that the broker finds too large: its reason, its place, and how it began. */
const LARGEST_CUT = 65_536;

/** Resolves when all are durable there; while the transport can't be had it waits. @throws EndingError */
export async function bury(context: HandlerContext, bad: readonly Bad[]): Promise<void> {
  const [first] = bad;
  if (!first) return;
  await publish(
    context,
    bad.map(({ received, reason }) => deadLetter(received, reason)),
  );
  for (const { reasonClass } of bad) context.metrics.deadLetters.inc({ reason: reasonClass });
  const { topic, partition, offset } = first.received;
  const at = { topic, partition, offset: offset.toString(), reason: first.reason };
  context.logger.warn(
    { ...at, messages: bad.length },
    'messages that cannot be used went to the dead-letter topic; the first one is named',
  );
}

async function publish(context: HandlerContext, letters: readonly Message[]): Promise<void> {
  try {
    // Together, and once more for each where the transport says that it will never take them so.
    await attempt(context, letters, isRefused);
  } catch (error) {
    if (error instanceof EndingError) throw error;
    if (letters.length > 1) for (const letter of letters) await publish(context, [letter]);
    else await attempt(context, letters.map(cut), () => false);
  }
}

async function attempt(
  context: HandlerContext,
  letters: readonly Message[],
  isFinal: (error: unknown) => boolean,
) {
  const place = context.trouble.place();
  try {
    await retry(() => context.deadLetters.publish(topics.deadLetter, letters), {
      backoff: context.backoff,
      signal: context.signal,
      isFinal,
      onRetry: (error) => {
        place.say(`the dead-letter topic does not take messages, trying again: ${messageOf(error)}`);
        context.logger.warn(
          { err: error, messages: letters.length },
          'the dead-letter topic does not take messages; trying again',
        );
      },
    });
  } finally {
    place.clear();
  }
}

const isRefused = (error: unknown) => error instanceof TransportError && !error.retryable;

/** The headers make a message larger than it came: one that was just small enough no longer is. */
function cut(letter: Message): Message {
  if (letter.value.length <= LARGEST_CUT) return letter;
  return {
    ...letter,
    value: letter.value.subarray(0, LARGEST_CUT),
    headers: { ...letter.headers, cutFromBytes: String(letter.value.length) },
  };
}
