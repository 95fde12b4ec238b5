/** What happens to the messages that kafkajs fetched: handed over in slices, each committed before the next. */
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { Backoff, messageOf, sleep } from '../backoff.js';
import type { Log } from '../log.js';
import type { Received, Status } from '../types.js';
import { Heartbeats } from './heartbeats.js';

export interface HandlingOptions {
  readonly batchMessages: number;
  readonly batchBytes: number;
  readonly heartbeatMs: number;
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
  /** Nothing is committed; what was handed over once does not come again. */
  readonly ephemeral: boolean;
  readonly log: Log;
}

export class Handling {
  /** Where each partition would be read on. */
  readonly positions = new Map<number, bigint>();
  readonly #last = new Map<number, Promise<void>>();
  /** By partition, why its messages have not been handled yet. */
  readonly #failures = new Map<number, string>();

  constructor(
    private readonly handle: (messages: readonly Received[]) => Promise<void>,
    private readonly options: HandlingOptions,
    private readonly closing: AbortSignal,
  ) {}

  /**
   * kafkajs's eachBatch. kafkajs may begin anew after an error while an older call still waits for its handler: the
   * calls take turns, so that the handler is never called twice at once for one partition.
   */
  readonly eachBatch = (payload: EachBatchPayload): Promise<void> => {
    const { partition } = payload.batch;
    const before = this.#last.get(partition) ?? Promise.resolve();
    const turn = before.then(() => this.#deliver(payload));
    this.#last.set(
      partition,
      turn.catch(() => undefined),
    );
    return turn;
  };

  /** Resolves when no handler is at work. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  /** How the handler fares. */
  get status(): Status {
    const [detail] = this.#failures.values();
    return detail === undefined ? { ok: true } : { ok: false, detail };
  }

  async #deliver(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const fresh = messages.map((message) => received(topic, partition, message)).filter(this.#isFresh);
    for (const slice of slicesOf(fresh, this.options)) {
      // What is left over here comes again, to whoever has the partition then.
      if (this.closing.aborted || !payload.isRunning() || payload.isStale()) return;
      const beats = new Heartbeats(payload.heartbeat, this.options.heartbeatMs, this.closing);
      try {
        if (!(await this.#handled(slice, beats, payload))) return;
        await this.#commit(slice, payload);
        beats.throwIfFailed();
      } finally {
        beats.stop();
        this.#failures.delete(partition);
      }
    }
    if (fresh.length === 0) payload.resolveOffset(payload.batch.lastOffset());
  }

  /** @returns false where it was given up: the consumer closes, or the partition may no longer be ours. */
  async #handled(
    slice: readonly Received[],
    beats: Heartbeats,
    { isRunning, batch: { partition } }: EachBatchPayload,
  ): Promise<boolean> {
    const backoff = new Backoff(this.options.retryFirstMs, this.options.retryMostMs);
    for (;;)
      try {
        await this.handle(slice);
        return true;
      } catch (error) {
        const waitMs = backoff.next();
        this.#failures.set(partition, messageOf(error));
        this.options.log('warn', 'kafka: batch not handled, it will come again', { err: error, waitMs });
        await sleep(waitMs, beats.ended);
        beats.throwIfFailed();
        if (this.closing.aborted || !isRunning()) return false;
      }
  }

  async #commit(slice: readonly Received[], payload: EachBatchPayload): Promise<void> {
    const { topic, partition, offset: last } = slice.at(-1)!;
    this.positions.set(partition, last + 1n);
    payload.resolveOffset(last.toString());
    if (this.options.ephemeral) return;
    const offset = (last + 1n).toString();
    await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
  }

  readonly #isFresh = ({ partition, offset }: Received): boolean =>
    !this.options.ephemeral || offset >= (this.positions.get(partition) ?? 0n);
}

function* slicesOf(messages: readonly Received[], bounds: HandlingOptions): Generator<Received[]> {
  let slice: Received[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.key.length + message.value.length;
    if (slice.length > 0 && (slice.length >= bounds.batchMessages || bytes + size > bounds.batchBytes)) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(message);
    bytes += size;
  }
  if (slice.length > 0) yield slice;
}

function received(topic: string, partition: number, message: KafkaMessage): Received {
  const headers = Object.entries(message.headers ?? {}).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key?.toString() ?? '',
    value: message.value ?? new Uint8Array(0),
    ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
  };
}
