import { describe, expect, it } from 'vitest';
import { deadLetter, originOf, readDeadLetter, replayOf } from '@dentryscope/transport';
import type { Received } from '@dentryscope/transport';

const message: Received = {
  topic: 'windows',
  partition: 2,
  offset: 9_007_199_254_740_993n,
  timestampMs: 1000,
  key: 'cluster/node',
  value: Uint8Array.from([255, 0, 19, 55]),
  headers: { trace: 'abc' },
};

/** As it comes from the dead-letter topic. */
const buried = (of: Received, more: Record<string, string> = {}): Received => {
  const letter = deadLetter(of, 'it is no NodeBatch');
  const at = { topic: 'letters', partition: 1, offset: 5n, timestampMs: 2000 };
  return { ...at, ...letter, headers: { ...letter.headers, ...more } };
};

describe('a dead letter', () => {
  it('says where its message came from, beyond 2^53 too', () => {
    const letter = readDeadLetter(buried(message));
    expect(letter.from).toEqual({ topic: 'windows', partition: 2, offset: 9_007_199_254_740_993n });
    expect(letter).toMatchObject({
      reason: 'it is no NodeBatch',
      key: 'cluster/node',
      cutFromBytes: undefined,
    });
    expect(letter.at).toEqual({ topic: 'letters', partition: 1, offset: 5n });
  });

  it('gives back the bytes, the key and the headers it came with', () => {
    const { key, value, headers } = replayOf(readDeadLetter(buried(message)));
    expect({ key, value }).toEqual({ key: message.key, value: message.value });
    expect(headers).toEqual({ trace: 'abc', replayOf: 'windows/2/9007199254740993' });
  });

  it('names the first place of its message however often it is replayed and refused again', () => {
    let received = message;
    for (let round = 1n; round <= 3n; round++)
      received = {
        ...message,
        ...replayOf(readDeadLetter(buried(received))),
        offset: message.offset + round,
      } as Received;
    const letter = readDeadLetter(buried(received));
    expect(originOf(letter)).toBe('windows/2/9007199254740993');
    expect(letter.from?.offset).toBe(message.offset + 3n);
  });

  it('is not taken for a cut one because its message said so', () => {
    const lying = { ...message, headers: { cutFromBytes: '7', reason: 'none', offset: '1' } };
    const letter = readDeadLetter(buried(lying));
    expect(letter).toMatchObject({ cutFromBytes: undefined, reason: 'it is no NodeBatch', headers: {} });
    expect(letter.from?.offset).toBe(message.offset);
  });

  it('is cut where it says so, whatever the length it names', () => {
    expect(readDeadLetter(buried(message, { cutFromBytes: '900000' })).cutFromBytes).toBe(900_000);
    expect(readDeadLetter(buried(message, { cutFromBytes: 'much' })).cutFromBytes).toBeNaN();
  });

  it.each([
    {},
    { topic: '', partition: '0', offset: '0' },
    { topic: 'windows', partition: '-1', offset: '0' },
    { topic: 'windows', partition: '0', offset: '1e3' },
    { topic: 'windows', partition: '0' },
  ])('that someone else wrote has no place it came from: %j', (headers) => {
    const letter = readDeadLetter({ ...message, headers: headers as Record<string, string> });
    expect(letter).toMatchObject({ from: undefined, reason: undefined, failedAtMs: 1000 });
    expect(originOf(letter)).toBeUndefined();
  });
});
