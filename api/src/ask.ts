import type { FastifyReply } from 'fastify';
import { Problem } from '@dentryscope/contracts';
import type { Cap } from '@dentryscope/store';
import type { Context } from './context.js';

/** Aborted when the caller hangs up: nobody waits for that query any more. */
function hungUp(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // Not the request's `close`: Node emits that once the request was read, whoever waits for the answer.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

/**
 * Asks the store under the time cap, once for all queries of a request. A store that does not heed the signal
 * is not waited for.
 * @throws Problem query_timeout; StoreError
 */
export async function ask<T>(
  { queryTimeoutMs }: Pick<Context, 'queryTimeoutMs'>,
  reply: FastifyReply,
  query: (cap: Cap) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(queryTimeoutMs);
  const signal = AbortSignal.any([timeout, hungUp(reply)]);
  try {
    return await Promise.race([query({ signal }), aborted(signal)]);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    const why = timeout.aborted
      ? `No answer within ${queryTimeoutMs / 1000} s (DENTRYSCOPE_API_QUERY_TIMEOUT). Ask for a shorter range, a longer step or a narrower filter.`
      : 'The caller hung up before the answer.';
    throw new Problem('query_timeout', why, { cause });
  }
}
