import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { batchFromJson, batchKey, checkBatch, encodeBatch, topics } from '@dentryscope/contracts';
import { openPublisher } from '@dentryscope/transport';
import type { Message } from '@dentryscope/transport';
import type { CommandModule, Context } from '../command.js';
import { CommandError } from '../command.js';
import { publishPatiently } from '../patience.js';
import { transportOptions } from '../transport.js';

const AT_ONCE = 256;

/** The whole file or nothing of a line: a line that is no batch ends it, and is named. */
async function publish({ settings, positionals, lifecycle, logger }: Context): Promise<void> {
  const publisher = openPublisher(settings, transportOptions(logger, 'publish'));
  lifecycle.onClose('publisher', () => publisher.close());
  let count = 0;
  let pending: Message[] = [];
  const flush = async () => {
    if (pending.length > 0) await publishPatiently(publisher, topics.deltas, pending, lifecycle.signal);
    count += pending.length;
    pending = [];
  };
  try {
    for await (const [number, line] of numbered(positionals[0]!)) {
      if (lifecycle.signal.aborted) break;
      if (line.trim() === '') continue;
      pending.push(toMessage(line, number));
      if (pending.length >= AT_ONCE) await flush();
    }
  } finally {
    await flush();
  }
  process.stderr.write(`${count} windows published to ${settings.transport}\n`);
}

async function* numbered(file: string): AsyncGenerator<[number, string]> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  // Without its own listener a failed open would end the process, not the loop.
  const failed = new Promise<never>((_, reject) => input.once('error', reject));
  failed.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Infinity });
  const iterator = lines[Symbol.asyncIterator]();
  for (let number = 1; ; number++) {
    const next = await Promise.race([iterator.next(), failed]).catch((error: unknown) => {
      throw new CommandError(`can't read ${file}: ${(error as Error).message}`, { cause: error });
    });
    if (next.done) return;
    yield [number, next.value];
  }
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
