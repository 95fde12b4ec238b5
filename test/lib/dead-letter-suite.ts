/** What `deadletter` holds to on every transport. The tests of a suite go on from one another. */
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { batchKey, encodeBatch, topics } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { deadLetter } from '@dentryscope/transport';
import type { Message } from '@dentryscope/transport';
import { Cli, eventually } from './cli.js';
import { deadletter, lettersOf, listed, windowsOf } from './dead-letters.js';
import type { Place } from './dead-letters.js';
import { expectTruth, pastFleet } from './fleet.js';

export const garbage = Buffer.from([0xff, 0x00, 0x13, 0x37, ...randomBytes(3000)]);

const messageOf = (batch: NodeBatch): Message => ({ key: batchKey(batch), value: encodeBatch(batch) });

/** As an ingester that did not know this kind of message would have written it. */
export const buried = (
  message: Message,
  offset: bigint,
  reason: string,
  more: Record<string, string> = {},
) => {
  const letter = deadLetter(
    { ...message, topic: topics.deltas, partition: 0, offset, timestampMs: Date.now() },
    reason,
  );
  return { ...letter, headers: { ...letter.headers, ...more } };
};

export const send = (place: Place, topic: string, messages: readonly Message[]) =>
  eventually(() => place.publisher.publish(topic, messages).then(() => true as const));

export function deadLetterSuite(place: () => Place): void {
  it('nothing there: said, status 0', async () => {
    for (const verb of ['list', 'replay'])
      expect(await deadletter(place(), verb)).toMatchObject({
        code: 0,
        stdout: '',
        stderr: expect.stringContaining(`nothing to ${verb}: there are no dead letters on`),
      });
  });

  it('an unreadable message is listed, put back byte for byte, buried anew, and blocks nobody', async () => {
    await send(place(), topics.deltas, [{ key: 'broken', value: garbage, headers: { trace: '7' } }]);
    const [letter] = await lettersOf(place(), 'broken', 1);
    const [original] = await windowsOf(place(), 'broken', 1);
    expect(letter).toMatchObject({
      reason: expect.stringContaining('it is no NodeBatch'),
      topic: topics.deltas,
      partition: original!.partition,
      offset: String(original!.offset),
      bytes: garbage.length,
      firstBytesHex: garbage.subarray(0, 16).toString('hex'),
      replayOf: null,
    });
    expect(Math.abs(Number(letter!.failedAtMs) - Date.now())).toBeLessThan(60_000);
    const table = await deadletter(place(), 'list');
    expect(table.stdout).toMatch(/^WHEN +TOPIC +PARTITION +OFFSET +BYTES +FIRST BYTES +REASON\n/);
    expect(table.stdout).toMatch(
      new RegExp(`${topics.deltas} +${letter!.partition} +${letter!.offset} +3004 +ff001337`),
    );

    const dry = await deadletter(place(), 'replay', '--dry-run');
    expect(dry).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 dead letters would be replayed'),
    });
    expect(dry.stdout).toContain('ff001337');
    expect(await windowsOf(place(), 'broken', 1)).toHaveLength(1);

    expect(await deadletter(place(), 'replay')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 dead letters replayed to'),
    });
    const [, again] = await windowsOf(place(), 'broken', 2);
    expect(Buffer.from(again!.value).equals(garbage)).toBe(true);
    const origin = `${topics.deltas}/${letter!.partition}/${letter!.offset}`;
    expect(again!.headers).toEqual({ trace: '7', replayOf: origin });
    expect(again).toMatchObject({ partition: original!.partition });
    const [, second] = await lettersOf(place(), 'broken', 2);
    expect(second).toMatchObject({ offset: String(again!.offset), replayOf: origin });

    const fleet = pastFleet(2);
    await send(place(), topics.deltas, [...fleet.window(0), ...fleet.window(1)].map(messageOf));
    await expectTruth(place().api, fleet, 2);
  });

  it('a second replay of all replays a message once, however many letters it has by then', async () => {
    const run = await deadletter(place(), 'replay', '--reason', 'IT IS NO nodebatch');
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toContain('1 dead letters replayed');
    expect(run.stderr).toContain('1 left out that repeat one of them');
    const messages = await windowsOf(place(), 'broken', 3);
    expect(messages).toHaveLength(3);
    expect(await lettersOf(place(), 'broken', 3)).toHaveLength(3);
  });

  it('only what is selected: by offset, range, partition, reason', async () => {
    const letters = await listed(place());
    const offsets = letters.map(({ offset }) => Number(offset));
    const [first] = offsets as [number, ...number[]];
    const of = async (...args: string[]) =>
      (await listed(place(), ...args)).map(({ offset }) => Number(offset));
    expect(await of('--offset', String(first))).toEqual([first]);
    expect(await of('--offset', `${first}-${first}`)).toEqual([first]);
    expect(await of('--offset', `${first + 1}-`)).toEqual(offsets.slice(1));
    expect(await of('--partition', '0', '--reason', 'nodebatch')).toEqual(offsets);
    expect(await of('--partition', '99')).toEqual([]);
    expect(
      await deadletter(place(), 'replay', '--reason', 'no such reason', '--offset', '4-9'),
    ).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(
        `nothing to replay: of ${letters.length} dead letters none is selected by --offset 4-9 --reason "no such reason"`,
      ),
    });
  });

  it('what can be read by now is counted exactly once, and once again replayed changes nothing', async () => {
    const fleet = pastFleet(5, 600);
    const batches = [0, 1, 2, 3, 4].flatMap((k) => fleet.window(k));
    const letters = batches.map((batch, n) =>
      buried(messageOf(batch), 1_000_000n + BigInt(n), 'a handler of the day before did not know it'),
    );
    await send(place(), topics.deadLetter, letters);
    for (let round = 0; round < 2; round++) {
      const run = await deadletter(place(), 'replay', '--reason', 'day before');
      expect(run).toMatchObject({ code: 0 });
      expect(run.stderr).toContain(`${batches.length} dead letters replayed to`);
      await expectTruth(place().api, fleet, 5);
    }
    expect(await listed(place(), '--reason', 'it is no')).toHaveLength(3);
  });

  it('a cut one, and one from nowhere, are named and not replayed; their neighbours are', async () => {
    const cut = buried({ key: 'cut', value: garbage }, 2_000_000n, 'kept in part', {
      cutFromBytes: '900000',
    });
    const whole = buried({ key: 'whole', value: garbage }, 2_000_001n, 'kept in part');
    const elsewhere = buried({ key: 'elsewhere', value: garbage }, 2_000_002n, 'kept in part', {
      topic: 'gone.v1',
    });
    const stray = { key: 'stray', value: garbage, headers: { reason: 'kept in part' } };
    await send(place(), topics.deadLetter, [cut, whole, elsewhere, stray]);
    const run = await deadletter(place(), 'replay', '--reason', 'kept in part');
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(
      `${topics.deltas} 0/2000000 can't be replayed: it was cut: of its 900000 bytes only the first 3004 were kept`,
    );
    expect(run.stderr).toMatch(/there is no topic "gone\.v1" on \w+ to put dead letters back to/);
    expect(run.stderr).toMatch(/can't be replayed: it does not say which topic/);
    expect(run.stderr).toContain('1 dead letters replayed to');
    expect(run.stderr).toContain("3 can't be replayed");
    expect(await windowsOf(place(), 'whole', 1)).toHaveLength(1);
    for (const key of ['cut', 'elsewhere', 'stray']) expect(await windowsOf(place(), key, 0)).toEqual([]);
  });

  it('control characters of a reason do not reach the terminal', async () => {
    await send(place(), topics.deadLetter, [
      buried({ key: 'esc', value: garbage }, 3_000_000n, 'evil \x1b[2J\nline'),
    ]);
    const { stdout } = await deadletter(place(), 'list', '--offset', '3000000');
    expect(stdout).toContain('evil \\u{1b}[2J\\u{a}line');
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });

  it('thousands are listed in their order, and a reader that goes away ends it', async () => {
    const many = Array.from({ length: 3000 }, (_, n) =>
      buried({ key: 'many', value: Buffer.alloc(1000, n) }, 4_000_000n + BigInt(n), 'one of many'),
    );
    for (let n = 0; n < many.length; n += 500) await send(place(), topics.deadLetter, many.slice(n, n + 500));
    const offsets = (await listed(place(), '--reason', 'one of many')).map(({ offset }) => Number(offset));
    expect(offsets).toEqual(many.map((_, n) => 4_000_000 + n));
    const shell = Cli.start(['deadletter', 'list', '--json'], place().env, [
      'bash',
      '-c',
      '"$@" | head -n 1; exit "${PIPESTATUS[0]}"',
      'bash',
    ]);
    expect(await shell.exited).toEqual({ code: 0, signal: null });
    expect(shell.stdout.trim().split('\n')).toHaveLength(1);
  });
}
