/** A NodeBatch in its wire form, taken apart into fields, those of its columns one by one. */
import { NodeBatchSchema } from '@dentryscope/contracts/wire';
import { Reader } from './varints.js';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** Messages of the batch whose fields lie apart, with those of their fields that are packed numbers. From the schema. */
const parted = new Map(
  NodeBatchSchema.fields.flatMap((field) => {
    if (field.fieldKind !== 'message') return [];
    const numbers = field.message.fields.filter(
      (one) => one.fieldKind === 'list' && one.listKind === 'scalar' && one.packed,
    );
    return numbers.length === 0 ? [] : [[field.number, new Set(numbers.map((one) => one.number))] as const];
  }),
);

/**
 * A field with its tag; the beginning of a message whose fields follow, one by one; packed numbers; a body of which no
 * more is known than its length.
 */
export type Kind = 'whole' | 'message' | 'numbers' | 'body';

export interface Field {
  /** Tag of the message that it is a field of, where that is parted; 0 at the top. */
  readonly parent: number;
  readonly tag: number;
  readonly kind: Kind;
  /** With its tag where it is whole, otherwise without tag and length. */
  readonly body: Uint8Array;
}

/** @throws RangeError where it is no protobuf message */
export function* fieldsOf(window: Uint8Array): Generator<Field> {
  for (const field of rawFields(window, 0, () => 'whole')) {
    const numbers = parted.get(field.tag >>> 3);
    if (!numbers || field.tag % 8 !== LENGTH) {
      yield field;
      continue;
    }
    const body = withoutHead(field.body);
    yield { ...field, kind: 'message', body };
    yield* rawFields(body, field.tag, (tag) =>
      tag % 8 === LENGTH && numbers.has(tag >>> 3) ? 'numbers' : 'whole',
    );
  }
}

function* rawFields(message: Uint8Array, parent: number, kindOf: (tag: number) => Kind): Generator<Field> {
  const reader = new Reader(message);
  while (!reader.done) {
    const start = reader.at;
    const tag = reader.varint();
    skip(reader, tag % 8);
    const whole = message.subarray(start, reader.at);
    const kind = kindOf(tag);
    yield { parent, tag, kind, body: kind === 'numbers' ? withoutHead(whole) : whole };
  }
}

function skip(reader: Reader, wireType: number): void {
  if (wireType === VARINT) while (reader.bytes(1)[0]! >= 128);
  else if (wireType === LENGTH) reader.bytes(reader.varint());
  else if (wireType === FIXED64) reader.bytes(8);
  else if (wireType === FIXED32) reader.bytes(4);
  else throw new RangeError(`wire type ${wireType} is none that a window has`);
}

function withoutHead(field: Uint8Array): Uint8Array {
  const reader = new Reader(field);
  reader.varint();
  return reader.bytes(reader.varint());
}
