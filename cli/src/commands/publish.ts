import { batchFromJson, batchKey, checkBatch, encodeBatch, topics } from '@dentryscope/contracts';
import { openPublisher } from '@dentryscope/transport';
import type { Message } from '@dentryscope/transport';
import type { CommandModule, Context } from '../command.js';
import { CommandError, interrupted } from '../command.js';
import { LineFeed } from '../line-feed.js';
import { publishPatiently } from '../patience.js';
import { transportOptions } from '../transport.js';

/** A second: who feeds it one window after the other sees each of them at once. */
const chunks = { mostLines: 256, longestWaitMs: 1000 };

/** A line that is no batch ends it, and is named; what came before it is published. */
async function publish({ settings, positionals, lifecycle, logger }: Context): Promise<number | void> {
  const publisher = openPublisher(settings, transportOptions(logger, 'publish'));
  lifecycle.onClose('publisher', () => publisher.close());
  const file = positionals[0]!;
  const feed = new LineFeed(file, chunks, lifecycle.signal);
  lifecycle.onClose('lines', () => feed.close());
  let lines = 0;
  let windows = 0;
  for (let chunk = await nextOf(feed, file); chunk.length > 0; chunk = await nextOf(feed, file)) {
    const messages: Message[] = [];
    try {
      for (const line of chunk) if (++lines && line.trim() !== '') messages.push(toMessage(line, lines));
    } finally {
      await publishPatiently(publisher, topics.deltas, messages, lifecycle.signal);
    }
    windows += messages.length;
  }
  const done = `${windows} windows published to ${settings.transport}`;
  if (feed.cut) return interrupted(`${done}, which are all of the first ${lines} lines`);
  process.stderr.write(`${done}\n`);
}

async function nextOf(feed: LineFeed, file: string): Promise<readonly string[]> {
  return await feed.next().catch((error: Error) => {
    throw new CommandError(`can't read ${file}: ${error.message}`, { cause: error });
  });
}

function toMessage(line: string, number: number): Message {
  try {
    const batch = batchFromJson(line);
    const wrong = checkBatch(batch);
    if (wrong) throw new Error(wrong);
    return { key: batchKey(batch), value: encodeBatch(batch) };
  } catch (error) {
    throw new CommandError(`line ${number} is no NodeBatch: ${(error as Error).message}`, { cause: error });
  }
}

export const command: CommandModule = {
  name: 'publish',
  usage: 'FILE|-',
  summary: 'Publish windows, one NodeBatch in canonical JSON a line.',
  details:
    'A line that is no valid NodeBatch ends it with status 1; the windows of the lines before it are published.',
  positionals: { min: 1, max: 1 },
  run: publish,
};
