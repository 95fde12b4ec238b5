/** The lines of a file or of standard input, in chunks: as many as there are, but none waits for long for the next. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';

export interface ChunkBounds {
  readonly mostLines: number;
  /** How long a line waits for others, in milliseconds. */
  readonly longestWaitMs: number;
}

export class LineFeed {
  readonly #lines: string[] = [];
  readonly #reader: Interface;
  #ended = false;
  #cut = false;
  #failure: Error | undefined;
  #changed = () => {};

  /** @param signal aborted: no more is read, and what was read is handed over */
  constructor(
    file: string,
    private readonly bounds: ChunkBounds,
    signal: AbortSignal,
  ) {
    const input: NodeJS.ReadableStream = file === '-' ? process.stdin : createReadStream(file);
    this.#reader = createInterface({ input, crlfDelay: Infinity });
    this.#reader.on('line', (line) => this.#take(line)).on('close', () => this.#end());
    // Newer versions of Node tell it by the reader as well, where an error without a listener ends the process.
    for (const from of [input, this.#reader]) from.once('error', (error: Error) => this.#end(error));
    if (signal.aborted) this.#interrupt();
    signal.addEventListener('abort', () => this.#interrupt(), { once: true });
  }

  /** Standard input that somebody holds open would keep the process. */
  close(): void {
    this.#reader.close();
  }

  /** Whether the signal came before the end. */
  get cut(): boolean {
    return this.#cut;
  }

  /** @returns nothing at the end @throws what the file can't be read for, once the lines before it are handed over */
  async next(): Promise<readonly string[]> {
    const { mostLines, longestWaitMs } = this.bounds;
    while (this.#lines.length === 0 && !this.#ended) await this.#change();
    const untilMs = performance.now() + longestWaitMs;
    for (let left = longestWaitMs; left > 0; left = untilMs - performance.now()) {
      if (this.#lines.length >= mostLines || this.#ended) break;
      await this.#change(left);
    }
    const chunk = this.#lines.splice(0, mostLines);
    if (chunk.length === 0 && this.#failure) throw this.#failure;
    if (this.#lines.length < mostLines && !this.#ended) this.#reader.resume();
    return chunk;
  }

  #take(line: string): void {
    this.#lines.push(line);
    // Lines of what was read already come on: they are kept.
    if (this.#lines.length >= this.bounds.mostLines) this.#reader.pause();
    this.#changed();
  }

  #interrupt(): void {
    this.#cut = !this.#ended;
    this.#reader.close();
  }

  #end(failure?: Error): void {
    this.#failure ??= failure;
    this.#ended = true;
    this.#changed();
  }

  async #change(withinMs?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#changed = resolve;
      if (withinMs !== undefined) timer = setTimeout(resolve, withinMs);
    });
    clearTimeout(timer);
  }
}
