/** The dead letters that are there now, each once, by an onlooker that leaves no trace. */
import { topics } from '@dentryscope/contracts';
import { messageOf, openConsumer, readDeadLetter, topicExtents } from '@dentryscope/transport';
import type { Consumer, DeadLetter, Extent, Received } from '@dentryscope/transport';
import type { Context } from '../command.js';
import { CommandError } from '../command.js';
import { PATIENCE_MS } from '../patience.js';
import { transportOptions } from '../transport.js';

const WATCH_EVERY_MS = 1000;
const QUIET_MS = 3000;

type Take = (letters: readonly DeadLetter[]) => Promise<void>;

/**
 * What comes in meanwhile is left alone: a replay makes new dead letters, and would never end.
 * Resolves early where the command is asked to end. @throws CommandError, and what `take` throws
 * @returns how many left the topic before they were read, of old age or because it is full
 */
export async function eachDeadLetter(context: Context, take: Take): Promise<bigint> {
  const spans = await spansNow(context);
  if (spans.size === 0 || context.lifecycle.signal.aborted) return 0n;
  return await new Reading(context, spans, take).run();
}

interface Span {
  /** The offset that is to come. */
  next: bigint;
  /** The one to stop before. */
  readonly end: bigint;
}

/** Of each partition that holds something. */
async function spansNow({ settings }: Context): Promise<Map<number, Span>> {
  // Without a log: what keeps it from an answer is told once, by the error.
  const extents = await told(() => topicExtents(settings, topics.deadLetter)).catch((error: CommandError) => {
    if (settings.transport !== 'kafka') throw error;
    throw new CommandError(`${error.message}; set it to a broker that is there, or start that one`, {
      cause: error,
    });
  });
  if (!extents && settings.transport === 'kafka')
    throw new CommandError(
      `Kafka at ${settings.kafkaBrokers.join(',')} has no topic ${topics.deadLetter}: set ` +
        'DENTRYSCOPE_KAFKA_BROKERS to the cluster that agents and ingesters use; they make the topic when they start',
    );
  const held = [...(extents ?? new Map<number, Extent>())].filter(([, { first, next }]) => first < next);
  return new Map(held.map(([partition, { first, next }]) => [partition, { next: first, end: next }]));
}

/** @throws CommandError with the transport's words, which name the setting */
export async function told<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new CommandError(messageOf(error), { cause: error });
  }
}

class Reading {
  #consumer!: Consumer;
  #failure: unknown;
  #taking = false;
  #movedAtMs = Date.now();
  #gone = 0n;

  constructor(
    private readonly context: Context,
    private readonly spans: Map<number, Span>,
    private readonly take: Take,
  ) {}

  async run(): Promise<bigint> {
    const { settings, logger, lifecycle } = this.context;
    this.#consumer = await told(() =>
      openConsumer(settings, topics.deadLetter, `dentryscope-deadletter-${process.pid}`, {
        ...transportOptions(logger, 'deadletter'),
        ephemeral: true,
      }),
    );
    lifecycle.onClose('consumer', () => this.#consumer.close());
    lifecycle.signal.addEventListener('abort', this.#stop);
    const watch = setInterval(() => void this.#watch(), WATCH_EVERY_MS);
    try {
      await this.#consumer.run((messages) => this.#handle(messages));
    } finally {
      clearInterval(watch);
      lifecycle.signal.removeEventListener('abort', this.#stop);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#gone;
  }

  /** Not waited for: the consumer waits in turn for the messages in hand. */
  readonly #stop = (): void => void this.#consumer.close();

  /** What `take` throws ends the reading; the consumer would bring the same letters again. */
  async #handle(messages: readonly Received[]): Promise<void> {
    if (this.#failure !== undefined || this.spans.size === 0 || this.context.lifecycle.signal.aborted) return;
    this.#taking = true;
    try {
      await this.take(this.#within(messages).map(readDeadLetter));
    } catch (error) {
      this.#failure = error;
    }
    this.#taking = false;
    this.#movedAtMs = Date.now();
    if (this.#failure !== undefined || this.spans.size === 0) this.#stop();
  }

  /** Those that were there at the start. A partition that is through needs no more. */
  #within(messages: readonly Received[]): Received[] {
    return messages.filter(({ partition, offset }) => {
      const span = this.spans.get(partition);
      if (!span) return false;
      const isMeant = offset < span.end;
      this.#gone += (isMeant ? offset : span.end) - span.next;
      span.next = offset + 1n;
      if (span.next >= span.end) this.spans.delete(partition);
      return isMeant;
    });
  }

  /** The broker may have dropped the last letters of old age, or may be gone. */
  async #watch(): Promise<void> {
    const quietMs = Date.now() - this.#movedAtMs;
    if (this.#taking || quietMs < QUIET_MS) return;
    const status = this.#consumer.status();
    if (!status.ok && quietMs > PATIENCE_MS) {
      this.#failure ??= new CommandError(status.detail ?? 'the transport does not answer');
      this.#stop();
    } else if ((await this.#consumer.lag()) === 0n && !this.#taking) {
      for (const { next, end } of this.spans.values()) this.#gone += end - next;
      this.spans.clear();
      this.#stop();
    }
  }
}
