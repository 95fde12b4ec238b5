import type { Log } from '../log.js';
import type { KafkaSecurity } from './security.js';

export interface KafkaOptions {
  /** `host:port`; any of them leads to the whole cluster. */
  readonly brokers: readonly string[];
  /** TLS and login; without it neither. */
  readonly security?: KafkaSecurity | undefined;
  /** Partitions of a topic that has to be made. */
  readonly partitions: number;
  readonly clientId?: string;
  readonly log?: Log;
}

export interface KafkaPublisherOptions extends KafkaOptions {
  /** How long publish() may take before it rejects, in milliseconds. Default 5000. */
  readonly publishTimeoutMs?: number;
}

export interface KafkaConsumerOptions extends KafkaOptions {
  readonly group: string;
  readonly topic: string;
  /** Where a group that is new starts: at the oldest message kept (default) or behind the newest. */
  readonly fromBeginning?: boolean;
  /** Leave no trace: a group of its own, and nothing is committed. For onlookers. */
  readonly ephemeral?: boolean;
  /** After how long without a heartbeat the broker gives this consumer's partitions to others, in milliseconds. */
  readonly sessionTimeoutMs?: number;
  /** Most messages of a batch. Default 500. */
  readonly batchMessages?: number;
  /** Most bytes of keys and values of a batch, but never fewer than one message. Default 1 MiB. */
  readonly batchBytes?: number;
  /** How many partitions' messages may be with the handler at a time. Default 1. */
  readonly partitionsAtOnce?: number;
  /** Back-off after a handler that rejected, in milliseconds. Default 200 to 10,000. */
  readonly retryFirstMs?: number;
  readonly retryMostMs?: number;
}
