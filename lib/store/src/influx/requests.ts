/** The lines of windows, in requests of a size that InfluxDB likes, with the origin of each line. */
import type { WindowBatch } from '@dentryscope/contracts';
import { placeKey } from '../infos.js';
import { Bytes } from './bytes.js';
import { figureLines } from './line.js';

/** Lines a request: InfluxDB's own advice is 5,000 to 10,000. */
const REQUEST_LINES = 10_000;

/** Lines that come one after the other from one batch. */
interface Span {
  readonly batch: number;
  /** Of its columns, the row of the first line; undefined: the line of the node. */
  readonly row: number | undefined;
  readonly lines: number;
}

/** Where a line comes from. */
export type Origin = Pick<Span, 'batch' | 'row'>;

export class Request {
  lines = 0;
  private readonly spans: Span[] = [];

  constructor(private readonly bytes: Bytes) {}

  get room(): number {
    return REQUEST_LINES - this.lines;
  }

  get body(): Buffer {
    return this.bytes.done();
  }

  /** @param write adds its lines, each with its newline */
  add(write: (to: Bytes) => void, span: Span): void {
    write(this.bytes);
    this.lines += span.lines;
    this.spans.push(span);
  }

  origin(line: number): Origin {
    let before = 0;
    for (const { batch, row, lines } of this.spans) {
      if (line < before + lines) return { batch, row: row === undefined ? undefined : row + line - before };
      before += lines;
    }
    throw new RangeError(`the request has no line ${line}`);
  }
}

/** Of the last call: to grow into fresh memory costs about as much as the lines. A request's lines bound it. */
let spare: Bytes | undefined;

/**
 * The body of each is good until the next one is asked for.
 * @param nodes the line of each batch's node, which goes after all figures
 */
export function* requests(batches: readonly WindowBatch[], nodes: readonly string[]): Generator<Request> {
  const bytes = spare ?? new Bytes();
  spare = undefined;
  try {
    let request = new Request(bytes);
    for (const add of pieces(batches, nodes)) {
      while (!add(request)) {
        yield request;
        bytes.clear();
        request = new Request(bytes);
      }
    }
    if (request.lines > 0) yield request;
  } finally {
    bytes.clear();
    spare = bytes;
  }
}

/**
 * InfluxDB takes values of one series and field together where they come in one request: a backlog's windows of one
 * node follow each other.
 */
function byPlace(batches: readonly WindowBatch[]): number[] {
  const places = new Map<string, number[]>();
  for (const [n, batch] of batches.entries()) {
    const key = placeKey(batch);
    const known = places.get(key);
    if (known) known.push(n);
    else places.set(key, [n]);
  }
  return [...places.values()].flat();
}

/** Each adds what fits, and says whether that was all. */
function* pieces(
  batches: readonly WindowBatch[],
  nodes: readonly string[],
): Generator<(to: Request) => boolean> {
  for (const batch of byPlace(batches)) {
    const figures = figureLines(batches[batch]!);
    if (!figures) continue;
    let row = 0;
    yield (to) => {
      const lines = Math.min(figures.rows - row, to.room);
      to.add((bytes) => figures.write(bytes, row, row + lines), { batch, row, lines });
      row += lines;
      return row === figures.rows;
    };
  }
  for (const [batch, line] of nodes.entries())
    yield (to) => {
      if (to.room === 0) return false;
      to.add((bytes) => bytes.text(`${line}\n`), { batch, row: undefined, lines: 1 });
      return true;
    };
}
