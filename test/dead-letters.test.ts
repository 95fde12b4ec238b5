/** What could not be read is listed, put back byte for byte, and counted once where it can be read by then. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchKey, encodeBatch, topics } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { requirePart } from '@dentryscope/lab';
import { deadLetter, openPublisher } from '@dentryscope/transport';
import type { Message, TransportSettings } from '@dentryscope/transport';
import { Cli, endAll, eventually } from './lib/cli.js';
import { deadletter, lettersOf, listed, windowsOf } from './lib/dead-letters.js';
import type { Place } from './lib/dead-letters.js';
import { expectTruth, pastFleet } from './lib/fleet.js';
import { scratch } from './lib/scratch.js';
import { onParts, quickly, startParts, startService, startStandalone } from './lib/services.js';
import type { Parts } from './lib/services.js';

const dir = scratch();
afterAll(dir.remove);
afterAll(endAll);

const missing = requirePart('kafka', 'influx');
const garbage = Buffer.from([0xff, 0x00, 0x13, 0x37, ...randomBytes(3000)]);
const sizeOnBroker = 1_048_150; // with a reason beside it more than the broker's 1 MiB

const messageOf = (batch: NodeBatch): Message => ({ key: batchKey(batch), value: encodeBatch(batch) });

/** As an ingester that did not know this kind of message would have written it. */
const buried = (message: Message, offset: bigint, reason: string, more: Record<string, string> = {}) => {
  const letter = deadLetter(
    { ...message, topic: topics.deltas, partition: 0, offset, timestampMs: Date.now() },
    reason,
  );
  return { ...letter, headers: { ...letter.headers, ...more } };
};

const send = (place: Place, topic: string, messages: readonly Message[]) =>
  eventually(() => place.publisher.publish(topic, messages).then(() => true as const));

function suite(place: () => Place): void {
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
    const fleet = pastFleet(5);
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

describe('deadletter on the embedded log', { timeout: 180_000 }, () => {
  let place: Place;
  beforeAll(async () => {
    const dataDir = join(dir.path, 'embedded');
    const env = {
      ...quickly,
      DENTRYSCOPE_DATA_DIR: dataDir,
      DENTRYSCOPE_BACKEND: 'none',
      DENTRYSCOPE_WINDOW: '1h',
    };
    const { address } = await startStandalone(env);
    const settings: TransportSettings = {
      transport: 'embedded',
      kafkaBrokers: [],
      kafkaPartitions: 1,
      dataDir,
    };
    place = { env, settings, publisher: openPublisher(settings), api: address };
  });
  afterAll(async () => {
    await place.publisher.close();
    await endAll();
  });
  suite(() => place);

  it('letters that leave the full log while they are replayed are told of', async () => {
    const settings = { ...place.settings, dataDir: join(dir.path, 'full') };
    const env = { ...place.env, DENTRYSCOPE_DATA_DIR: settings.dataDir };
    const publisher = openPublisher(settings);
    const full = { ...place, settings, env, publisher };
    await send(full, topics.deltas, [{ key: 'first', value: garbage }]);
    for (let n = 0; n < 70; n++) {
      const value = randomBytes(3_500_000);
      await send(full, topics.deadLetter, [buried({ key: `${n}`, value }, BigInt(n), 'large')]);
    }
    await publisher.close();
    const { code, stderr } = await deadletter(full, 'replay');
    const of = (pattern: RegExp) => Number(pattern.exec(stderr)?.[1]);
    expect(code).toBe(1);
    const gone = of(/(\d+) dead letters left dentryscope\.deadletter\.v1/);
    expect(gone).toBeGreaterThan(0);
    expect(of(/(\d+) dead letters replayed to/) + gone).toBe(70);
  });

  it('where there is no log: the setting, status 1, and none is made', async () => {
    const env = { ...place.env, DENTRYSCOPE_DATA_DIR: join(dir.path, 'nowhere') };
    for (let round = 0; round < 2; round++) {
      const run = await deadletter({ ...place, env }, 'list');
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toMatch(/no embedded log at .*nowhere.*: set DENTRYSCOPE_DATA_DIR/);
    }
  });
});

describe.skipIf(missing)('deadletter on Kafka', { timeout: 240_000 }, () => {
  let parts: Parts;
  let place: Place;
  beforeAll(async () => {
    parts = await startParts();
    const dataDir = join(dir.path, 'kafka');
    const env = { ...onParts(parts, dataDir), DENTRYSCOPE_KAFKA_PARTITIONS: '1' };
    const settings: TransportSettings = {
      transport: 'kafka',
      kafkaBrokers: parts.kafka.brokers,
      kafkaPartitions: 1,
      dataDir,
    };
    place = { env, settings, publisher: undefined!, api: '' };
  });
  afterAll(async () => {
    await place.publisher?.close();
    await endAll();
    await parts.stop();
  });

  it('a broker without the topic: the setting and the way out, status 1, and no topic is made', async () => {
    for (let round = 0; round < 2; round++) {
      const run = await deadletter(place, 'replay');
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toMatch(/has no topic dentryscope\.deadletter\.v1: set DENTRYSCOPE_KAFKA_BROKERS/);
    }
    expect(await asked(parts, (admin) => admin.listTopics())).toEqual([]);
  });

  it('with the ingester', async () => {
    await startService('ingester', place.env);
    const { address } = await startService('api', place.env);
    place = { ...place, publisher: openPublisher(place.settings), api: address };
  });

  suite(() => place);

  it('one that the broker found too large with its reason was cut by the ingester, and is not replayed', async () => {
    const large = Buffer.concat([Buffer.from([0xff]), randomBytes(sizeOnBroker - 1)]);
    await send(place, topics.deltas, [{ key: 'large', value: large }]);
    const [letter] = await lettersOf(place, 'large', 1);
    expect(letter).toMatchObject({ bytes: sizeOnBroker, keptBytes: 65_536 });
    const run = await deadletter(place, 'replay', '--offset', letter!.offset);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(
      `${letter!.offset} can't be replayed: it was cut: of its ${sizeOnBroker} bytes`,
    );
    expect(await windowsOf(place, 'large', 1)).toHaveLength(1);
  });

  it('leaves no group behind and commits nothing', async () => {
    const groups = async () =>
      await asked(parts, async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId));
    await listed(place);
    expect((await groups()).filter((group) => group.includes('deadletter'))).toEqual([]);
    expect(await groups()).toContain('dentryscope-ingester');
  });

  it('Ctrl-C while it joins: ends cleanly, and a replay says that it is not through', async () => {
    for (const [verb, code] of [
      ['list', 0],
      ['replay', 1],
    ] as const) {
      const cli = Cli.start(['deadletter', verb], place.env);
      await eventually(async () => {
        const { groups } = await asked(parts, (admin) => admin.listGroups());
        return groups.some(({ groupId }) => groupId.includes('deadletter')) || undefined;
      });
      expect(await cli.end('SIGINT')).toEqual({ code, signal: null });
      if (verb === 'replay') expect(cli.stderr).toContain('ended before all were looked at');
    }
  });

  it('no broker: the setting and the way out, status 1', async () => {
    await parts.kafka.kill('SIGKILL');
    const run = await deadletter(place, 'list');
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(
      /^dentryscope deadletter: Kafka at .*DENTRYSCOPE_KAFKA_BROKERS.*set it to a broker/,
    );
  });
});

type Admin = ReturnType<Kafka['admin']>;

async function asked<T>({ kafka }: Parts, question: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await question(admin);
  } finally {
    await admin.disconnect();
  }
}
