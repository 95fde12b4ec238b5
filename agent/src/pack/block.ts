/**
 * Many windows of one node as one block, a little more than half as large as each compressed by itself: the same field
 * of all windows lies together, numbers without what they have in common, and brotli does the rest.
 *
 *   brotli( 0, count, { length, bytes } of each window )                            what is no protobuf
 *   brotli( 1, streams, { tag, kind, divisor, length } of each stream,
 *           length of the shape, shape, bytes of each stream )
 *   shape: count, { length of the window, { stream, size } of each of its fields }  all of them varints
 *
 * A block is handed out only when it has been read again and gives the very bytes that went in.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompressSync, constants } from 'node:zlib';
import { fieldsOf } from './fields.js';
import type { Field, Kind } from './fields.js';
import { encodeStream } from './streams.js';
import type { Encoded, Stream } from './streams.js';
import { Reader, Writer } from './varints.js';

const PLAIN = 0;
const PARTED = 1;
const kinds: readonly Kind[] = ['whole', 'message', 'numbers', 'body'];
const compress = promisify(brotliCompress);

/** 10: the first quality that models contexts, and takes half the time of 11. */
const QUALITY = 10;

/** Compresses on a thread of its own, and lets others run between the parts of the rest. @param windows at least one */
export async function packBlock(windows: readonly Uint8Array[]): Promise<Buffer> {
  const parted = await partedBody(windows);
  await turn();
  const body = parted && gives(parted, windows) ? parted : plainBody(windows);
  return compress(body, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
    },
  });
}

/** @throws Error where it is damaged */
export function unpackBlock(block: Uint8Array): Uint8Array[] {
  return readBody(brotliDecompressSync(block));
}

function plainBody(windows: readonly Uint8Array[]): Uint8Array {
  const out = new Writer();
  out.varint(PLAIN);
  out.varint(windows.length);
  for (const window of windows) writeWhole(out, window);
  return out.view();
}

function writeWhole(out: Writer, bytes: Uint8Array): void {
  out.varint(bytes.length);
  out.bytes(bytes);
}

/** @returns undefined where one is no protobuf message */
const partedBody = (windows: readonly Uint8Array[]) => partedBodyOf(windows).catch(outOfRange);

/** What is read too far is not what was meant: varints may be longer than they have to be. */
function outOfRange(error: unknown): undefined {
  if (!(error instanceof RangeError)) throw error;
}

async function partedBodyOf(windows: readonly Uint8Array[]): Promise<Uint8Array> {
  const streams = new Map<number, Stream>();
  const order = windows.map((window) => Array.from(fieldsOf(window), (field) => put(streams, field)));
  const encoded = new Map<Stream, Encoded>();
  for (const stream of streams.values()) {
    encoded.set(stream, encodeStream(stream));
    await turn();
  }
  return assemble(windows, order, encoded);
}

function put(streams: Map<number, Stream>, field: Field): Stream {
  const key = field.parent * 2 ** 32 + field.tag;
  const stream = streams.get(key) ?? { tag: field.tag, kind: field.kind, bodies: [] };
  streams.set(key, stream);
  stream.bodies.push(field.body);
  return stream;
}

function assemble(
  windows: readonly Uint8Array[],
  order: readonly Stream[][],
  streams: ReadonlyMap<Stream, Encoded>,
): Uint8Array {
  const out = new Writer();
  out.varint(PARTED);
  out.varint(streams.size);
  for (const [{ tag }, { kind, divisor, bytes }] of streams)
    for (const value of [tag, kinds.indexOf(kind), divisor, bytes.length]) out.varint(value);
  writeWhole(out, shapeOf(windows, order, streams));
  for (const { bytes } of streams.values()) out.bytes(bytes);
  return out.view();
}

/** Which field comes after which, in each window. */
function shapeOf(
  windows: readonly Uint8Array[],
  order: readonly Stream[][],
  streams: ReadonlyMap<Stream, Encoded>,
): Uint8Array {
  const next = new Map([...streams].map(([stream, { sizes }], i) => [stream, { i, sizes: sizes.values() }]));
  const shape = new Writer();
  shape.varint(windows.length);
  order.forEach((fields, w) => {
    shape.varint(windows[w]!.length);
    for (const stream of fields) {
      const { i, sizes } = next.get(stream)!;
      shape.varint(i);
      shape.varint(sizes.next().value!);
    }
  });
  return shape.view();
}

function readBody(body: Uint8Array): Uint8Array[] {
  const reader = new Reader(body);
  if (reader.varint() === PARTED) return readParted(reader);
  return Array.from({ length: reader.varint() }, () => reader.bytes(reader.varint()));
}

interface Source {
  readonly kind: Kind;
  readonly tag: number;
  readonly divisor: number;
  readonly reader: Reader;
}

function readParted(reader: Reader): Uint8Array[] {
  const heads = Array.from({ length: reader.varint() }, () => {
    const [tag, kind, divisor, length] = Array.from({ length: 4 }, () => reader.varint());
    return { tag: tag!, kind: kinds[kind!]!, divisor: divisor!, length: length! };
  });
  const shape = new Reader(reader.bytes(reader.varint()));
  const sources = heads.map(({ length, ...head }) => ({ ...head, reader: new Reader(reader.bytes(length)) }));
  const [out, numbers] = [new Writer(), new Writer()];
  return Array.from({ length: shape.varint() }, () => {
    out.clear();
    const length = shape.varint();
    while (out.length < length) readField(out, sources[shape.varint()]!, shape.varint(), numbers);
    return out.view().slice();
  });
}

function readField(out: Writer, { kind, tag, divisor, reader }: Source, size: number, numbers: Writer): void {
  if (kind === 'whole') return out.bytes(reader.bytes(size));
  out.varint(tag);
  if (kind === 'message') return out.varint(size);
  if (kind === 'body') return writeWhole(out, reader.bytes(size));
  numbers.clear();
  for (let i = 0; i < size; i++) numbers.varint(reader.varint() * divisor);
  writeWhole(out, numbers.view());
}

function gives(body: Uint8Array, windows: readonly Uint8Array[]): boolean {
  try {
    const read = readBody(body);
    return (
      read.length === windows.length && read.every((bytes, i) => Buffer.compare(bytes, windows[i]!) === 0)
    );
  } catch (error) {
    return outOfRange(error) ?? false;
  }
}
