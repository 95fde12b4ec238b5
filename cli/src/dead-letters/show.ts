/** A dead letter on one line, for a person or for a program. */
import type { DeadLetter } from '@dentryscope/transport';

const FIRST_BYTES = 16;
const columns = [24, 22, 9, 10, 9, 2 * FIRST_BYTES] as const;

export const tableHead = row(['WHEN', 'TOPIC', 'PARTITION', 'OFFSET', 'BYTES', 'FIRST BYTES'], 'REASON');

export function tableLine(letter: DeadLetter): string {
  const { from, reason, value, cutFromBytes } = letter;
  const cells = [
    timeOf(letter.failedAtMs) ?? '-',
    printable(from?.topic ?? '-'),
    String(from?.partition ?? '-'),
    String(from?.offset ?? '-'),
    String(cutFromBytes ?? value.length),
    firstBytes(value) || '-',
  ];
  const cut = cutFromBytes === undefined ? '' : ` (cut: ${value.length} bytes were kept)`;
  return row(cells, `${printable(reason ?? 'no reason is given')}${cut}`);
}

/** 64-bit values as strings, as in protobuf's canonical JSON; what the letter does not say is null. */
export function jsonLine(letter: DeadLetter): string {
  const { from, at, value, cutFromBytes } = letter;
  return JSON.stringify({
    failedAtMs: String(letter.failedAtMs),
    reason: letter.reason ?? null,
    topic: from?.topic ?? null,
    partition: from?.partition ?? null,
    offset: from === undefined ? null : String(from.offset),
    key: letter.key,
    bytes: cutFromBytes === undefined ? value.length : nullIfNaN(cutFromBytes),
    keptBytes: value.length,
    firstBytesHex: firstBytes(value),
    replayOf: letter.headers['replayOf'] ?? null,
    deadLetter: { partition: at.partition, offset: String(at.offset) },
  });
}

/** `TOPIC PARTITION/OFFSET`: where the message came from, or else where its letter lies. */
export function nameOf({ from, at }: DeadLetter): string {
  const { topic, partition, offset } = from ?? at;
  return `${printable(topic)} ${partition}/${offset}`;
}

function row(cells: readonly string[], last: string): string {
  return [...cells.map((cell, column) => cell.padEnd(columns[column]!)), last].join('  ');
}

function timeOf(ms: number): string | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

const nullIfNaN = (value: number): number | null => (Number.isNaN(value) ? null : value);

const firstBytes = (value: Uint8Array) => Buffer.from(value.subarray(0, FIRST_BYTES)).toString('hex');

/** A reason may quote the message: control characters must not reach a terminal, nor break the line. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => {
    const code = char.codePointAt(0)!.toString(16);
    return `\\u{${code}}`;
  });
}
