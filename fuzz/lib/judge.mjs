/**
 * What the ingester must do with a message, said without its code: the wire format read here field by field, slowly and
 * by the book; protobuf-es, which is right about whole messages; and contracts' check.
 */
import { isUtf8 } from 'node:buffer';
import { ScalarType, fromBinary } from '@bufbuild/protobuf';
import { NodeBatchSchema, checkBatch } from '@dentryscope/contracts';

class Malformed extends Error {}

function readVarint(bytes, at, end) {
  let value = 0n;
  for (let n = 0; n < 10; n++) {
    if (at >= end) throw new Malformed('a varint without end');
    const byte = bytes[at++];
    value |= BigInt(byte & 0x7f) << BigInt(7 * n);
    if (byte < 0x80) return [value, at];
  }
  throw new Malformed('a varint of more than 10 bytes');
}

const isText = ({ scalar }) => scalar === ScalarType.STRING;

function wireTypesOf(field) {
  if (field.message || isText(field)) return [2];
  return field.fieldKind === 'list' ? [0, 2] : [0];
}

function readLong(bytes, field, from, end) {
  if (field?.message) return readMessage(bytes, field.message, from, end);
  if (field && isText(field) && !isUtf8(bytes.subarray(from, end))) throw new Malformed('broken UTF-8');
  if (field && !isText(field)) for (let at = from; at < end;) [, at] = readVarint(bytes, at, end);
}

function readValue(bytes, { wireType, field }, at, end) {
  if (wireType === 0) return readVarint(bytes, at, end)[1];
  if (wireType === 1 || wireType === 5) return at + (wireType === 1 ? 8 : 4);
  if (wireType !== 2) throw new Malformed(`wire type ${wireType}`);
  const [length, from] = readVarint(bytes, at, end);
  if (length > BigInt(end - from)) throw new Malformed('longer than what it is in');
  readLong(bytes, field, from, from + Number(length));
  return from + Number(length);
}

function readMessage(bytes, schema, from, end) {
  for (let at = from; at < end;) {
    const [key, after] = readVarint(bytes, at, end);
    const [no, wireType] = [key >> 3n, Number(key & 7n)];
    if (no < 1n || no >= 1n << 29n) throw new Malformed(`field number ${no}`);
    const field = schema.fields.find(({ number }) => number === Number(no));
    if (field && !wireTypesOf(field).includes(wireType))
      throw new Malformed(`wire type ${wireType} of ${field}`);
    at = readValue(bytes, { wireType, field }, after, end);
    if (at > end) throw new Malformed('longer than what it is in');
  }
}

/** @returns {{why: string} | {batch: object}} why the message has to be given up, or the batch that it is */
export function judge(bytes) {
  try {
    readMessage(bytes, NodeBatchSchema, 0, bytes.length);
  } catch (error) {
    if (error instanceof Malformed) return { why: error.message };
    throw error;
  }
  const batch = fromBinary(NodeBatchSchema, bytes);
  const why = checkBatch(batch);
  return why === undefined ? { batch } : { why };
}
