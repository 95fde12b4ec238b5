/**
 * A window in which every field of the wire is set: as bytes, and as its canonical JSON. The files are never written
 * again: when the wire gets a field, a further pair is added beside them.
 */
import { readFileSync } from 'node:fs';
import { isFieldSet } from '@bufbuild/protobuf';
import type { DescMessage, Message } from '@bufbuild/protobuf';
import { NodeBatchSchema } from '@dentryscope/contracts';

const golden = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8');

const bytesOf = (name: string) => Buffer.from(golden(name).replaceAll('\n', ''), 'hex');

/** A window of the first release, which had fewer fields. */
export const firstBytes = bytesOf('first.hex');
export const goldenBytes = bytesOf('window.hex');
export const goldenJson = JSON.stringify(JSON.parse(golden('window.json')));

/** Fields that are not set, of the message and of those in it. */
export function unsetFields(message: Message, schema: DescMessage = NodeBatchSchema): string[] {
  return schema.fields.flatMap((field) => {
    if (!isFieldSet(message, field)) return [field.toString()];
    if (!field.message) return [];
    const value = (message as unknown as Record<string, Message | Message[]>)[field.localName]!;
    return [value].flat().flatMap((one) => unsetFields(one, field.message!));
  });
}
