/** Mutations of one field: each gives the bytes that stand in its place. */
import { LENGTH_DELIMITED, VARINT, concat, long, tag, varint } from './wire.mjs';

/** Where 32, 53 and 64 bits end, and the limits that contracts' check has (2^53, 253, 4096, 10,000, the year 9999). */
const edges = [
  ...[0n, 1n, 127n, 128n, 253n, 254n, 4096n, 4097n, 10_000n, 10_001n],
  ...[31n, 32n, 53n, 63n, 64n, 69n].flatMap((bits) => [(1n << bits) - 1n, 1n << bits, (1n << bits) + 1n]),
  ...[253_402_300_799_000n, 253_402_300_799_001n],
];
const MOST_BYTES = 200_000;

const whole = (node) => concat([tag(node.no, node.wireType), node.value]);
const edge = (random) => varint(random.pick(edges), random.chance(0.1) ? random.size(1, 12) : 1);

/** So often that the message does not outgrow what a broker takes. */
function repeated(bytes, times) {
  const most = Math.max(1, Math.floor(MOST_BYTES / Math.max(1, bytes.length)));
  return concat(new Array(Math.min(times, most)).fill(bytes));
}

function nested(random, node) {
  const depth = random.size(1, 20_000);
  const [open, close] = [tag(node.no, 3), tag(node.no, 4)];
  if (random.chance(0.5)) return concat([repeated(open, depth), whole(node), repeated(close, depth)]);
  // Messages in messages: each level's length is right.
  let inner = node.payload ?? node.value;
  for (let n = 0; n < Math.min(depth, 200); n++) inner = long(node.no, inner);
  return inner;
}

const texts = [
  '',
  '\u0000',
  'a\nb',
  '\ufeff\ufeffnode',
  '\ufffd',
  '__proto__',
  '\u202e',
  'é'.repeat(254),
  '𝕏',
  'pressure',
  'softlockup',
];
const badUtf8 = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80]];

function text(random, node) {
  if (random.chance(0.3)) return long(node.no, Uint8Array.from(random.pick(badUtf8)));
  if (random.chance(0.3)) return long(node.no, new Uint8Array(random.size(1, MOST_BYTES)).fill(0x61));
  return long(node.no, new TextEncoder().encode(random.pick(texts)));
}

/** Columns of unequal length: values more, fewer, or another's. */
function packed(random, node, other) {
  const payload = node.payload ?? node.value;
  const cut = payload.subarray(0, random.below(payload.length + 1));
  return random.pick([
    () => long(node.no, concat([payload, edge(random)])),
    () => long(node.no, repeated(edge(random), random.size(1, MOST_BYTES))),
    () => long(node.no, cut),
    () => concat([whole(node), long(node.no, cut)]),
    () => long(node.no, other.payload ?? other.value),
    // Value by value, which is as good.
    () => concat([...values(payload)].map((value) => concat([tag(node.no, VARINT), value]))),
  ])();
}

function* values(payload) {
  for (let from = 0, at = 0; at < payload.length; at++)
    if (payload[at] < 0x80) {
      yield payload.subarray(from, at + 1);
      from = at + 1;
    }
}

const anyField = {
  drop: () => new Uint8Array(),
  twice: (_random, node) => concat([whole(node), whole(node)]),
  many: (random, node) => repeated(whole(node), random.size(2, 20_000)),
  wrongWireType: (random, node) => concat([tag(node.no, random.below(8)), node.value]),
  wrongNumber: (random, node) =>
    concat([
      tag(random.pick([0, random.below(50), 1000, 2 ** 29 - 1, 2 ** 29, 2 ** 40]), node.wireType),
      node.value,
    ]),
  hugeNumber: (random, node) => concat([tag(node.no, node.wireType), edge(random)]),
  numberFor: (random, node) => concat([tag(node.no, VARINT), edge(random)]),
  splice: (_random, _node, other) => whole(other),
  spliceBeside: (_random, node, other) => concat([whole(node), whole(other)]),
  spliceAs: (_random, node, other) => concat([tag(node.no, other.wireType), other.value]),
  nested,
};

const longField = {
  hugeLength: (random, node) =>
    concat([tag(node.no, LENGTH_DELIMITED), varint(random.pick(edges)), node.payload]),
  // Modulo 2^32 it is right.
  wrappedLength: (_random, node) => long(node.no, node.payload, 2 ** 32 + node.payload.length),
  offByOne: (random, node) =>
    long(node.no, node.payload, Math.max(0, node.payload.length + random.pick([-1, 1, -2, 2]))),
  text,
  packed,
};

/** One of the mutations that fit, by chance. `other` is a field of any message. */
export function mutateField(random, node, other) {
  const isList = node.desc?.fieldKind === 'list' && !node.desc.message && node.payload;
  if (isList && random.chance(0.5)) return ['packed', packed(random, node, other)];
  const [name, mutation] = random.pick(Object.entries({ ...anyField, ...(node.payload ? longField : {}) }));
  return [name, mutation(random, node, other)];
}
