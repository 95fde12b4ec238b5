/** The transport as the services see it: at least once, in order per key. Held to test/conformance.ts. */

export interface Message {
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Received extends Message {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** When the broker (or log) took it, Unix milliseconds. */
  readonly timestampMs: number;
}

/** What a peer is doing, for /readyz: `detail` says what is wrong, in words that name the setting at fault. */
export interface Status {
  readonly ok: boolean;
  readonly detail?: string;
}

export interface Publisher {
  /**
   * Resolves when all are durable at the other side (acks=all; fsync). Messages of one key keep their order.
   * It does not retry for ever: the caller owns the message until this resolves.
   * @throws TransportError
   */
  publish(topic: string, messages: readonly Message[]): Promise<void>;
  status(): Status;
  close(): Promise<void>;
}

export interface Consumer {
  /**
   * Calls `handle` with the next messages of one partition and commits them after it resolved. Where it rejects,
   * the same messages come again after a back-off; nothing is skipped. One call a partition at a time; calls for
   * several partitions may be under way at once, where that was asked for. Starts at the oldest message kept.
   * Resolves after close(), when the message batch in hand is done.
   */
  run(handle: (messages: readonly Received[]) => Promise<void>): Promise<void>;
  /** Messages not yet committed, over this consumer's partitions; undefined while unknown. */
  lag(): Promise<bigint | undefined>;
  status(): Status;
  close(): Promise<void>;
}

/** What a partition holds: offsets from `first`, the oldest kept, to before `next`, the one to come. */
export interface Extent {
  readonly first: bigint;
  readonly next: bigint;
}

export class TransportError extends Error {
  constructor(
    message: string,
    readonly retryable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TransportError';
  }
}

/** These messages are not taken, now or later; others are. Of several at once each may be taken by itself. */
export class RefusedMessages extends TransportError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, false, options);
    this.name = 'RefusedMessages';
  }
}
