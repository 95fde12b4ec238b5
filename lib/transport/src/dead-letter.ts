import type { Message, Received } from './types.js';

/** Brokers refuse a message whose headers are huge, and a reason may quote what could not be read. */
const LONGEST_REASON = 1000;

/** What a dead letter says in its headers; a message that came with such a header loses it. */
const own = new Set(['reason', 'topic', 'partition', 'offset', 'failedAtMs', 'cutFromBytes']);

/**
 * What cannot be used, as a message for `topics.deadLetter`: the bytes, key and headers it came with, and in the
 * headers `reason`, `topic`, `partition`, `offset` (decimal) and `failedAtMs` (Unix milliseconds). Where only its
 * beginning fits, `cutFromBytes` says how long it was.
 */
export function deadLetter(received: Received, reason: string): Message {
  return {
    key: received.key,
    value: received.value,
    headers: {
      ...foreign(received.headers),
      reason: reason.slice(0, LONGEST_REASON),
      topic: received.topic,
      partition: String(received.partition),
      offset: received.offset.toString(),
      failedAtMs: String(Date.now()),
    },
  };
}

export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** A dead letter as it was read. What its headers do not say is undefined. */
export interface DeadLetter {
  /** Where the letter itself lies. */
  readonly at: Place;
  /** Where the message came from. */
  readonly from: Place | undefined;
  readonly reason: string | undefined;
  /** When it was given up, or else when the broker took the letter; Unix milliseconds. */
  readonly failedAtMs: number;
  readonly key: string;
  readonly value: Uint8Array;
  /** Those that the message came with. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the message, of which `value` is only the beginning. */
  readonly cutFromBytes: number | undefined;
}

/** Never throws: anyone may have written to the topic. */
export function readDeadLetter(received: Received): DeadLetter {
  const { topic, partition, offset, key, value, headers = {} } = received;
  return {
    at: { topic, partition, offset },
    from: placeOf(headers),
    reason: headers['reason'],
    failedAtMs: numberOf(headers['failedAtMs']) ?? received.timestampMs,
    key,
    value,
    headers: foreign(headers),
    // A length that can't be read still says that something is missing.
    cutFromBytes: 'cutFromBytes' in headers ? (numberOf(headers['cutFromBytes']) ?? NaN) : undefined,
  };
}

/** The place that its message had at first: each replay that failed has a place of its own, and names this one. */
export function originOf({ from, headers }: DeadLetter): string | undefined {
  return headers['replayOf'] ?? (from && `${from.topic}/${from.partition}/${from.offset}`);
}

/** The message as it was, for the topic it came from; `replayOf` in its headers is all that is new. */
export function replayOf(letter: DeadLetter): Message {
  const origin = originOf(letter);
  return {
    key: letter.key,
    value: letter.value,
    headers: { ...letter.headers, ...(origin === undefined ? {} : { replayOf: origin }) },
  };
}

function foreign(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.has(name)));
}

function placeOf({ topic, partition, offset }: Readonly<Record<string, string>>): Place | undefined {
  const number = numberOf(partition);
  if (!topic || number === undefined || !/^\d{1,19}$/.test(offset ?? '')) return undefined;
  return { topic, partition: number, offset: BigInt(offset!) };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
