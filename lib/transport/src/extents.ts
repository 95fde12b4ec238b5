/** What a topic holds at this moment, for those who read up to there and no further. */
import { existsSync } from 'node:fs';
import { logFile } from './embedded/log.js';
import { logDirectory, openLog, stdoutIsNotRead } from './factory.js';
import type { OpenOptions, TransportSettings } from './factory.js';
import { kafkaExtents } from './kafka/index.js';
import { securityOf } from './kafka-security.js';
import { TransportError } from './types.js';
import type { Extent } from './types.js';

/**
 * Makes nothing that is not there: no topic, no log.
 * @returns what each partition holds; undefined where there is no such topic
 * @throws TransportError where the transport cannot be had or cannot be read from
 */
export async function topicExtents(
  settings: TransportSettings,
  topic: string,
  options: OpenOptions = {},
): Promise<ReadonlyMap<number, Extent> | undefined> {
  switch (settings.transport) {
    case 'embedded':
      return await embeddedExtents(settings, topic, options);
    case 'kafka':
      return await kafkaExtents(
        { brokers: settings.kafkaBrokers, security: securityOf(settings), ...options },
        topic,
      );
    case 'stdout':
      throw stdoutIsNotRead();
  }
}

async function embeddedExtents(settings: TransportSettings, topic: string, options: OpenOptions) {
  const file = logFile(logDirectory(settings));
  if (!existsSync(file))
    throw new TransportError(
      `There is no embedded log at ${file}: set DENTRYSCOPE_DATA_DIR to the one that is meant, ` +
        'or DENTRYSCOPE_TRANSPORT=kafka',
      false,
    );
  const log = openLog(settings, options);
  try {
    const extent = log.extent(topic);
    return extent && new Map([[0, extent]]);
  } finally {
    await log.close();
  }
}
