/** The transport that the settings ask for. */
import { join } from 'node:path';
import { envName, settings as declared } from '@dentryscope/contracts/settings';
import type { Settings } from '@dentryscope/contracts';
import { openEmbeddedLog } from './embedded/log.js';
import type { EmbeddedLog } from './embedded/log.js';
import { openKafkaConsumer, openKafkaPublisher } from './kafka/index.js';
import type { Log } from './log.js';
import { openStdoutPublisher } from './stdout.js';
import { securityOf } from './kafka-security.js';
import type { KafkaSecuritySettings } from './kafka-security.js';
import { TransportError } from './types.js';
import type { Consumer, Publisher } from './types.js';

export type TransportSettings = Pick<Settings, 'transport' | 'kafkaBrokers' | 'kafkaPartitions' | 'dataDir'> &
  KafkaSecuritySettings;

export interface OpenOptions {
  readonly log?: Log;
  /** How this process calls itself to the broker. Default `dentryscope`. */
  readonly clientId?: string;
}

export interface OpenConsumerOptions extends OpenOptions {
  /** Where a group that is new starts: at the oldest message kept (default) or behind the newest. */
  readonly fromBeginning?: boolean;
  /** Leave no trace: nothing is committed, every start is a new one. For onlookers such as `tail`. */
  readonly ephemeral?: boolean;
  /** How many partitions' messages may be with the handler at a time, where there are several. Default 1. */
  readonly partitionsAtOnce?: number;
}

/**
 * Returns at once; whether the other side is there, `status()` says.
 * @throws TransportError where the data directory cannot be used
 */
export function openPublisher(settings: TransportSettings, options: OpenOptions = {}): Publisher {
  switch (settings.transport) {
    case 'embedded':
      return closingLog(openLog(settings, options), (log) => log.publisher());
    case 'kafka':
      return openKafkaPublisher({
        brokers: settings.kafkaBrokers,
        security: securityOf(settings),
        partitions: settings.kafkaPartitions,
        ...options,
      });
    case 'stdout':
      return openStdoutPublisher();
  }
}

/** @throws TransportError where the transport cannot be read from, or the data directory cannot be used */
export function openConsumer(
  settings: TransportSettings,
  topic: string,
  group: string,
  options: OpenConsumerOptions = {},
): Consumer {
  switch (settings.transport) {
    case 'embedded':
      return closingLog(openLog(settings, options), (log) => log.consumer({ topic, group, ...options }));
    case 'kafka':
      return openKafkaConsumer({
        brokers: settings.kafkaBrokers,
        security: securityOf(settings),
        partitions: settings.kafkaPartitions,
        topic,
        group,
        ...options,
      });
    case 'stdout':
      throw stdoutIsNotRead();
  }
}

export const stdoutIsNotRead = () =>
  new TransportError(
    `${envName(declared.transport)}=stdout can only be written to: set embedded or kafka to read from it`,
    false,
  );

export const logDirectory = ({ dataDir }: Pick<TransportSettings, 'dataDir'>): string => join(dataDir, 'log');

/** For one who closes it. */
export function openLog(settings: TransportSettings, { log }: OpenOptions): EmbeddedLog {
  return openEmbeddedLog({ directory: logDirectory(settings), ...(log ? { log } : {}) });
}

/** What was opened for one end goes with it. */
function closingLog<T extends Publisher | Consumer>(log: EmbeddedLog, open: (log: EmbeddedLog) => T): T {
  const end = open(log);
  const closeEnd = end.close.bind(end);
  let closed: Promise<void> | undefined;
  end.close = () => (closed ??= closeEnd().then(() => log.close()));
  return end;
}
