import { batchToJson, decodeBatch, topics } from '@dentryscope/contracts';
import { openConsumer } from '@dentryscope/transport';
import type { Received } from '@dentryscope/transport';
import type { CommandModule, Context } from '../command.js';
import { printLine } from '../print.js';
import { transportOptions } from '../transport.js';

/** An onlooker: it takes nothing from the ingester and leaves no trace. */
async function tail({ settings, lifecycle, logger }: Context): Promise<void> {
  const consumer = openConsumer(settings, topics.deltas, `dentryscope-tail-${process.pid}`, {
    ...transportOptions(logger, 'tail'),
    ephemeral: true,
  });
  const stop = () => consumer.close();
  lifecycle.onClose('consumer', stop);
  lifecycle.signal.addEventListener('abort', () => void stop());
  process.stdout.on('error', () => lifecycle.end());
  await consumer.run(async (messages) => {
    for (const message of messages) await printLine(toLine(message), lifecycle.signal);
  });
}

function toLine({ value, topic, partition, offset }: Received): string {
  try {
    return batchToJson(decodeBatch(value));
  } catch (error) {
    return JSON.stringify({ unreadable: (error as Error).message, topic, partition, offset: String(offset) });
  }
}

export const command: CommandModule = {
  name: 'tail',
  usage: '',
  summary: 'Print the windows on the transport as canonical JSON, one a line, from the oldest kept.',
  positionals: { min: 0, max: 0 },
  run: tail,
};
