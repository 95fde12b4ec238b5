/** Which lines of a request InfluxDB refuses: the others must be in. */
import { StoreError } from '../types.js';

/** Of one request with refused lines; then what is left of it counts as refused, though some of it may be in. */
const MOST_TRIES = 1000;

export interface RefusedLine {
  /** Counted from the beginning of the request. */
  readonly line: number;
  readonly reason: string;
}

type Write = (lines: string | Buffer) => Promise<void>;

/**
 * Resolves when each line is in or told of. InfluxDB says how many it dropped, and of the first reason only, so halves
 * are written again: what is in already is not changed by that.
 * @param body lines, each with its newline
 * @throws StoreError that is retryable
 */
export async function writeOrSplit(write: Write, body: Buffer): Promise<RefusedLine[]> {
  const error = await refusal(write, body);
  if (!error) return [];
  const lines = body.toString().trimEnd().split('\n');
  return new Splitter(write).split(lines, 0, error);
}

class Splitter {
  private tries = 0;

  constructor(private readonly write: Write) {}

  async split(lines: readonly string[], first: number, error: StoreError): Promise<RefusedLine[]> {
    if (lines.length === 1 || dropped(error) === lines.length || this.tries >= MOST_TRIES)
      return lines.map((_, n) => ({ line: first + n, reason: withoutCount(error) }));
    const middle = lines.length >> 1;
    const found = await this.half(lines.slice(0, middle), first);
    return [...found, ...(await this.half(lines.slice(middle), first + middle))];
  }

  private async half(lines: readonly string[], first: number): Promise<RefusedLine[]> {
    this.tries++;
    const error = await refusal(this.write, lines.join('\n'));
    return error ? this.split(lines, first, error) : [];
  }
}

async function refusal(write: Write, lines: string | Buffer): Promise<StoreError | undefined> {
  try {
    await write(lines);
    return undefined;
  } catch (error) {
    if (error instanceof StoreError && !error.retryable) return error;
    throw error;
  }
}

const DROPPED = / dropped=(\d+)/;

const dropped = ({ message }: StoreError) => Number(DROPPED.exec(message)?.[1]);
/** The same for all lines that are refused for the same. */
const withoutCount = ({ message }: StoreError) => message.replace(DROPPED, '');
