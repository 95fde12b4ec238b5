/** Batches on standard output, one line of canonical JSON each, for a person or a pipe. */
import type { Writable } from 'node:stream';
import { batchToJson, decodeBatch } from '@dentryscope/contracts/wire';
import { messageOf } from './backoff.js';
import { TransportError } from './types.js';
import type { Message, Publisher, Status } from './types.js';

export interface StdoutOptions {
  /** Default: this process's standard output. */
  readonly stream?: Writable;
}

export function openStdoutPublisher(options: StdoutOptions = {}): Publisher {
  return new StdoutPublisher(options.stream ?? process.stdout);
}

class StdoutPublisher implements Publisher {
  #broken: TransportError | undefined;
  #closed = false;

  constructor(private readonly stream: Writable) {
    // Without a listener a reader that went away would end the whole process.
    stream.on('error', this.#onError);
  }

  async publish(_topic: string, messages: readonly Message[]): Promise<void> {
    if (this.#closed) throw new TransportError('The publisher is closed.', false);
    if (this.#broken) throw this.#broken;
    if (messages.length === 0) return;
    await this.#write(messages.map(lineOf).join(''));
  }

  status(): Status {
    return this.#broken ? { ok: false, detail: this.#broken.message } : { ok: true };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #write(lines: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stream.write(lines, (error) => (error ? reject(this.#fail(error)) : resolve()));
    });
  }

  readonly #onError = (error: Error) => void this.#fail(error);

  #fail(error: NodeJS.ErrnoException): TransportError {
    const failure = describe(error);
    if (!failure.retryable) this.#broken = failure;
    return failure;
  }
}

function lineOf(message: Message): string {
  try {
    return `${batchToJson(decodeBatch(message.value))}\n`;
  } catch (error) {
    throw new TransportError(
      `Only batches can be printed (DENTRYSCOPE_TRANSPORT=stdout), and this message is none: ${messageOf(error)}`,
      false,
      { cause: error },
    );
  }
}

function describe(error: NodeJS.ErrnoException): TransportError {
  const gone = error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED';
  const text = gone
    ? 'Standard output was closed by its reader (DENTRYSCOPE_TRANSPORT=stdout).'
    : `Standard output cannot be written (DENTRYSCOPE_TRANSPORT=stdout): ${error.message}`;
  return new TransportError(text, !gone, { cause: error });
}
