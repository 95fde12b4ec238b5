/**
 * Bytes to a NodeBatch. protobuf-es believes more than it should: it reads a field of the wrong wire type as if it were
 * the right one, lets a field run past the message it is in, takes lengths modulo 2^32 and mends broken UTF-8. Each of
 * them makes a figure of something that is none, so it is refused here first. The columns, which are nearly all of a
 * batch, are read on the way: reflection value by value costs many times as much.
 */
import { ScalarType, create, mergeFromBinary } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { configureTextEncoding } from '@bufbuild/protobuf/wire';
import { CgroupColumnsSchema, NodeBatchSchema } from './gen/dentryscope/v1/wire_pb.js';
import type { CgroupColumns, NodeBatch } from './gen/dentryscope/v1/wire_pb.js';
import { halvesOf } from './halves.js';
import type { CgroupColumn } from './metrics.js';
import type { WindowMemory } from './window-memory.js';
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, WireReader } from './wire-reader.js';

const utf8 = {
  encoder: new TextEncoder(),
  // A byte order mark is part of a name, like any other character.
  decoder: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
};

configureTextEncoding({
  encodeUtf8: (text) => utf8.encoder.encode(text) as Uint8Array<ArrayBuffer>,
  decodeUtf8: (bytes) => utf8.decoder.decode(bytes),
  checkUtf8: (text) => utf8.decoder.decode(utf8.encoder.encode(text)) === text,
});

interface Field {
  readonly name: string;
  readonly wireType: number;
  /** A packed list may come value by value as well. */
  readonly packed: boolean;
  readonly message: Shape | undefined;
}
type Shape = ReadonlyMap<number, Field>;

const shapeOf = (schema: DescMessage): Shape =>
  new Map(schema.fields.map((field) => [field.number, fieldOf(schema, field)]));

function fieldOf(schema: DescMessage, field: DescField): Field {
  const isText = field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
  const isLong = field.message !== undefined || isText;
  return {
    name: `${schema.name}.${field.name}`,
    wireType: isLong ? LENGTH_DELIMITED : VARINT,
    packed: field.fieldKind === 'list' && !isLong,
    message: field.message && shapeOf(field.message),
  };
}

const root = shapeOf(NodeBatchSchema);
const COLUMNS = NodeBatchSchema.field.cgroups.number;
const COLUMNS_TAG = (COLUMNS << 3) | LENGTH_DELIMITED;
const columnFields = root.get(COLUMNS)!.message!;
const columnNames = new Map(CgroupColumnsSchema.fields.map(({ number, localName }) => [number, localName]));
type Lists = Record<string, bigint[]>;

/** The columns as they are stored and checked: whichever list it is. */
export type Columns = Readonly<Record<CgroupColumn | 'ids', BigUint64Array | readonly bigint[]>>;
/** A window as the ingester hands it on; every NodeBatch is one. */
export type WindowBatch = Omit<NodeBatch, 'cgroups'> & { readonly cgroups?: Columns | undefined };
type TypedColumns = Readonly<Record<CgroupColumn | 'ids', BigUint64Array>>;
const noColumns = Object.fromEntries([...columnNames.values()].map((name) => [name, new BigUint64Array(0)]));

/** @throws Error where the bytes are no NodeBatch. What they say is not checked: see `checkBatch`. */
export function decodeBatch(bytes: Uint8Array): NodeBatch {
  const batch = create(NodeBatchSchema);
  readBatch(bytes, batch, (reader, end) => {
    batch.cgroups ??= create(CgroupColumnsSchema);
    readColumns(reader, end, batch.cgroups);
  });
  return batch;
}

/**
 * As `decodeBatch`, the columns as typed arrays over one buffer: no bigint is made of a figure, which is most of what a
 * busy ingester's decoder and collector do otherwise.
 * @param memory of the columns, which are good until it is used again; left out: memory of their own
 * @throws Error as decodeBatch does
 */
export function decodeWindow(bytes: Uint8Array, memory?: WindowMemory): WindowBatch {
  const batch = create(NodeBatchSchema);
  let columns: TypedColumns | undefined;
  try {
    readBatch(bytes, batch, (reader, end) => {
      if (columns) throw UNUSUAL;
      columns = readTyped(reader, end, memory);
    });
  } catch (error) {
    if (error === UNUSUAL) return decodeBatch(bytes);
    throw error;
  }
  const window = columns ? Object.assign(batch as WindowBatch, { cgroups: columns }) : batch;
  sources.set(window, bytes);
  return window;
}

/** By window as `decodeWindow` has made it, and not changed since. */
const sources = new WeakMap<WindowBatch, Uint8Array>();

/**
 * The bytes of the window without these fields: what is not read need not be written anew, which costs a hundred times as
 * much. @returns undefined where it was not read by `decodeWindow`
 */
export function bytesWithout(window: WindowBatch, fields: ReadonlySet<number>): Uint8Array | undefined {
  const bytes = sources.get(window);
  if (!bytes) return undefined;
  const reader = new WireReader(bytes);
  const kept: Uint8Array[] = [];
  let from = 0;
  while (reader.pos < bytes.length) {
    const at = reader.pos;
    const tag = reader.tag(bytes.length);
    skipValue(reader, tag, bytes.length);
    if (!fields.has(tag >>> 3)) continue;
    kept.push(bytes.subarray(from, at));
    from = reader.pos;
  }
  return Buffer.concat([...kept, bytes.subarray(from)]);
}

/** What no agent of ours sends (a list in pieces, unknown columns) is read the long way. */
const UNUSUAL = new Error('the columns are not what agents send');

/** Reads all but the columns into `batch`. @param takeColumns reads them up to `end`, or moves there */
function readBatch(
  bytes: Uint8Array,
  batch: NodeBatch,
  takeColumns: (reader: WireReader, end: number) => void,
): void {
  const reader = new WireReader(bytes);
  const end = bytes.length;
  let others = 0;
  const mergeOthers = (until: number) => {
    if (others < until) mergeFromBinary(NodeBatchSchema, batch, bytes.subarray(others, until));
  };
  while (reader.pos < end) {
    const from = reader.pos;
    const tag = reader.tag(end);
    if (tag !== COLUMNS_TAG) checkValue(reader, tag, end, root);
    else {
      mergeOthers(from);
      takeColumns(reader, reader.lengthDelimited(end));
      others = reader.pos;
    }
  }
  mergeOthers(end);
}

/** @throws UNUSUAL where a list comes in pieces or a field is not known, Error where it is malformed */
function readTyped(reader: WireReader, end: number, memory: WindowMemory | undefined): TypedColumns {
  const count = reader.lastBytes(end);
  const buffer = memory ? memory.take(count) : new BigUint64Array(count);
  const halves = halvesOf(buffer);
  const columns: Record<string, BigUint64Array> = { ...noColumns };
  let used = 0;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    const name = columnNames.get(tag >>> 3);
    if (name === undefined || (tag & 7) !== LENGTH_DELIMITED || columns[name]!.length > 0) throw UNUSUAL;
    const count = reader.halves(reader.lengthDelimited(end), halves, 2 * used);
    columns[name] = buffer.subarray(used, used + count);
    used += count;
  }
  return columns as TypedColumns;
}

function readColumns(reader: WireReader, end: number, columns: CgroupColumns): void {
  const lists = columns as unknown as Lists;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    const name = columnNames.get(tag >>> 3);
    const wireType = tag & 7;
    if (name !== undefined && wireType === LENGTH_DELIMITED) {
      const values = reader.uint64s(reader.lengthDelimited(end));
      // Senders write each list at once; in pieces is as good, and to copy what there is for each would be quadratic.
      if (lists[name]!.length === 0) lists[name] = values;
      else for (const value of values) lists[name]!.push(value);
    } else if (name !== undefined && wireType === VARINT) lists[name]!.push(reader.uint64(end));
    else {
      const from = reader.pos;
      checkValue(reader, tag, end, columnFields);
      const data = reader.bytes.subarray(from, reader.pos);
      (columns.$unknown ??= []).push({ no: tag >>> 3, wireType, data });
    }
  }
}

/** Moves past the value of `tag`. @throws Error where it, or what is in it, is not what the wire says it is */
function checkValue(reader: WireReader, tag: number, end: number, shape: Shape): void {
  const field = shape.get(tag >>> 3);
  const wireType = tag & 7;
  if (field && wireType !== field.wireType && !(field.packed && wireType === LENGTH_DELIMITED))
    throw new Error(`${field.name} has the wire type ${wireType}, not ${field.wireType}`);
  if (wireType === LENGTH_DELIMITED) checkLong(reader, reader.lengthDelimited(end), field);
  else skipValue(reader, tag, end);
}

function skipValue(reader: WireReader, tag: number, end: number): void {
  const wireType = tag & 7;
  if (wireType === VARINT) reader.varint(end);
  else if (wireType === FIXED32) reader.skip(4, end);
  else if (wireType === FIXED64) reader.skip(8, end);
  else if (wireType === LENGTH_DELIMITED) reader.pos = reader.lengthDelimited(end);
  // 3 and 4 are groups, which proto3 does not have: to skip one costs a stack as deep as a sender likes.
  else throw new Error(`field ${tag >>> 3} has the wire type ${wireType}, which this wire does not use`);
}

function checkLong(reader: WireReader, end: number, field: Field | undefined): void {
  if (field?.message) while (reader.pos < end) checkValue(reader, reader.tag(end), end, field.message);
  else if (field?.packed) while (reader.pos < end) reader.varint(end);
  else reader.pos = end;
}
