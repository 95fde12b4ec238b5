/** What could not be read is listed, put back byte for byte, and counted once where it can be read by then. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topics } from '@dentryscope/contracts';
import { requirePart } from '@dentryscope/lab';
import { openPublisher } from '@dentryscope/transport';
import type { TransportSettings } from '@dentryscope/transport';
import { Cli, endAll, eventually } from './lib/cli.js';
import { buried, deadLetterSuite, garbage, send } from './lib/dead-letter-suite.js';
import { deadletter, lettersOf, listed, windowsOf } from './lib/dead-letters.js';
import type { Place } from './lib/dead-letters.js';
import { scratch } from './lib/scratch.js';
import { onParts, quickly, startParts, startService, startStandalone } from './lib/services.js';
import type { Parts } from './lib/services.js';

const dir = scratch();
afterAll(dir.remove);
afterAll(endAll);

const missing = requirePart('kafka', 'influx');
const sizeOnBroker = 1_048_150; // with a reason beside it more than the broker's 1 MiB

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
  deadLetterSuite(() => place);

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

  deadLetterSuite(() => place);

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

  const groups = async () =>
    await asked(parts, async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId));
  const groupsOfOurs = async () => (await groups()).filter((group) => group.includes('deadletter'));

  it('leaves no group behind and commits nothing', async () => {
    await listed(place);
    expect(await groupsOfOurs()).toEqual([]);
    expect(await groups()).toContain('dentryscope-ingester');
  });

  it('Ctrl-C while it joins: ends cleanly, and a replay says that it is not through', async () => {
    for (const [verb, code] of [
      ['list', 0],
      ['replay', 1],
    ] as const) {
      const cli = Cli.start(['deadletter', verb], place.env);
      await eventually(async () => (await groupsOfOurs()).length > 0 || undefined);
      expect(await cli.end('SIGINT')).toEqual({ code, signal: null });
      if (verb === 'replay') expect(cli.stderr).toContain('ended before all were looked at');
      expect(await groupsOfOurs()).toEqual([]);
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
