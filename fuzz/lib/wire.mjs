/** Protobuf messages as trees of fields, so that a mutation can leave all but one thing intact. */

export const VARINT = 0;
export const LENGTH_DELIMITED = 2;

/** As the wire has it, or longer than it has to be: `padTo` bytes. */
export function varint(value, padTo = 1) {
  const bytes = [];
  for (let left = BigInt(value); left > 0n || bytes.length < padTo; left >>= 7n)
    bytes.push(Number(left & 0x7fn) | 0x80);
  bytes[bytes.length - 1] &= 0x7f;
  return Uint8Array.from(bytes);
}

export function concat(parts) {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const tag = (no, wireType) => varint((BigInt(no) << 3n) | BigInt(wireType));
export const long = (no, payload, length = payload.length) =>
  concat([tag(no, LENGTH_DELIMITED), varint(length), payload]);

function readVarint(bytes, at) {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++];
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}

/**
 * The fields of a message that is known to be whole, those of the messages in it included.
 * @returns nodes {no, wireType, desc, value: bytes after the tag, payload and children where it is long}
 */
export function parse(bytes, schema) {
  const nodes = [];
  for (let at = 0; at < bytes.length;) {
    const [key, from] = readVarint(bytes, at);
    const [no, wireType] = [Number(key >> 3n), Number(key & 7n)];
    const [number, after] = readVarint(bytes, from);
    at = wireType === LENGTH_DELIMITED ? after + Number(number) : after;
    const desc = schema.fields.find((field) => field.number === no);
    const node = { no, wireType, desc, value: bytes.subarray(from, at) };
    if (wireType === LENGTH_DELIMITED) node.payload = bytes.subarray(after, at);
    if (desc?.message) node.children = parse(node.payload, desc.message);
    nodes.push(node);
  }
  return nodes;
}

/** All nodes of the tree, outer ones first. */
export const flatten = (nodes) => nodes.flatMap((node) => [node, ...flatten(node.children ?? [])]);

/** The bytes again, with `instead` in the place of the one node `target`; lengths around it are right. */
export function serialise(nodes, target, instead) {
  return concat(
    nodes.map((node) => {
      if (node === target) return instead;
      if (!node.children) return concat([tag(node.no, node.wireType), node.value]);
      return long(node.no, serialise(node.children, target, instead));
    }),
  );
}
