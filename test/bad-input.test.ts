/** What goes wrong from outside: each is told clearly, nothing is lost, nothing hangs. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { batchFromJson, batchToJson, createBatch, topics } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { requirePart, startKafka } from '@dentryscope/lab';
import { openConsumer, openKafkaPublisher } from '@dentryscope/transport';
import type { Received } from '@dentryscope/transport';
import { Cli, endAll, eventually, getJson } from './lib/cli.js';
import { expectTruth, pastFleet } from './lib/fleet.js';
import { complete, spooled, told } from './lib/kept-windows.js';
import { scratch } from './lib/scratch.js';
import { onParts, quickly, startParts, startService } from './lib/services.js';

const dir = scratch();
afterEach(endAll);
afterAll(dir.remove);

const quiet = { ...quickly, DENTRYSCOPE_DATA_DIR: join(dir.path, 'quiet') };

interface Ready {
  readonly ready: boolean;
  readonly parts: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

async function readiness(address: string): Promise<Ready> {
  return (await (await fetch(`${address}/readyz`)).json()) as Ready;
}

/** What /readyz says is wrong with a part, once something is. */
async function troubleOf(address: string, part: string): Promise<string> {
  return await eventually(async () => {
    const { ready, parts } = await readiness(address);
    const found = parts.find(({ name, ok }) => name === part && !ok);
    return ready ? undefined : found?.detail;
  });
}

describe('a wrong setting ends the start with status 2 and is named', () => {
  const cases: [args: string[], env: Record<string, string>, message: RegExp][] = [
    [['agent', '--window', 'soon'], {}, /--window="soon": wants a length of time such as/],
    [['agent'], { DENTRYSCOPE_WINDOW: '1' }, /DENTRYSCOPE_WINDOW="1": wants a length of time/],
    [['agent'], { DENTRYSCOPE_WINDOW: '10ms' }, /DENTRYSCOPE_WINDOW="10ms": must be at least 100ms/],
    [['agent', '--windw', '1s'], {}, /--windw.*dentryscope agent --help lists the flags/],
    [
      ['agent'],
      { DENTRYSCOPE_TRANSPORT: 'pigeon' },
      /DENTRYSCOPE_TRANSPORT="pigeon": is none of embedded, kafka, stdout/,
    ],
    [['api'], { DENTRYSCOPE_API_LISTEN: '8080' }, /DENTRYSCOPE_API_LISTEN="8080": wants HOST:PORT/],
    [
      ['api'],
      { DENTRYSCOPE_STORE: 'influx' },
      /DENTRYSCOPE_STORE=influx wants DENTRYSCOPE_INFLUX_TOKEN_FILE/,
    ],
    [['api', '--influx-token-file', '/nowhere'], {}, /DENTRYSCOPE_INFLUX_TOKEN_FILE="\/nowhere": ENOENT/],
    [['api', 'please'], {}, /wants flags only; got "please"/],
    [['publish'], {}, /wants FILE\|-/],
    [['deadletter', 'burn'], {}, /wants list or replay; got "burn"/],
    [['deadletter', 'list', '--offset', '9-3'], {}, /--offset="9-3": ends before it begins/],
    [['deadletter', 'list', '--offset', 'x'], {}, /--offset="x": wants an offset such as 17, or a range/],
    [['export'], {}, /wants DIR/],
    [['export', 'x', '--from', 'yesterday'], {}, /--from="yesterday": wants a time such as/],
    [['export', 'x', '--from', '1h', '--to', '2h'], {}, /--from .* must lie before --to/],
    [['export', 'x'], { DENTRYSCOPE_STORE: 'influx' }, /exports the embedded store/],
    [['doctor', '--proc-root', '/nowhere'], {}, /DENTRYSCOPE_PROC_ROOT="\/nowhere": ENOENT/],
    [['simulate', '--simulate-nodes', '2000000'], {}, /DENTRYSCOPE_SIMULATE_NODES: .*from 1 to 1000000/],
    [['simulate', '--window', '2d'], {}, /DENTRYSCOPE_WINDOW: .* is 172800000; .*from 1 to 86400000/],
    ...['tail', 'api', 'agent', 'simulate'].map((name): (typeof cases)[number] => [
      [name, '--data-dir', '/etc/passwd/x'],
      {},
      /DENTRYSCOPE_DATA_DIR="\/etc\/passwd\/x": ENOTDIR/,
    ]),
    [['api', '--data-dir', '/etc/passwd'], {}, /DENTRYSCOPE_DATA_DIR="\/etc\/passwd": EEXIST/],
    [['tail', '--data-dir', '/proc/x/y'], {}, /DENTRYSCOPE_DATA_DIR="\/proc\/x\/y": ENOENT/],
    [['api', '--data-dir', '/proc/x'], {}, /DENTRYSCOPE_DATA_DIR="\/proc\/x": ENOENT/],
    [['dance'], {}, /no command "dance"; dentryscope --help lists them/],
  ];
  it.each(cases)('%j %j', async (args, env, message) => {
    const cli = Cli.start(args, { ...quiet, ...env });
    expect(await cli.exited).toEqual({ code: 2, signal: null });
    expect(cli.stderr).toMatch(message);
    expect(cli.stderr).not.toMatch(/^ {4}at /m);
    expect(cli.stdout).toBe('');
  });

  it('a token is never in the message', async () => {
    const cli = Cli.start(['api', '--influx-url', 'nonsense'], {
      ...quiet,
      DENTRYSCOPE_INFLUX_TOKEN: 's3cret',
    });
    await cli.exited;
    expect(cli.stderr).not.toContain('s3cret');
  });

  it('--help answers for every command', async () => {
    for (const name of [
      'standalone',
      'agent',
      'ingester',
      'api',
      'simulate',
      'doctor',
      'publish',
      'tail',
      'deadletter',
      'export',
    ]) {
      const cli = Cli.start([name, '--help']);
      expect(await cli.exited).toEqual({ code: 0, signal: null });
      expect(cli.stdout).toContain('DENTRYSCOPE_LOG_LEVEL');
    }
  });
});

it('a simulation that standalone cannot have ends it so, too', async () => {
  const env = { ...quiet, DENTRYSCOPE_DATA_DIR: join(dir.path, 'no-fleet'), DENTRYSCOPE_BACKEND: 'none' };
  const cli = Cli.start(['standalone', '--simulate', '--simulate-nodes', '2000000'], env);
  expect((await cli.exited).code).toBe(2);
  expect(cli.stderr).toMatch(/^dentryscope standalone: DENTRYSCOPE_SIMULATE_NODES: /m);
});

it('a port that is taken: status 2, the setting and the way out', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const { port } = await new Promise<AddressInfo>((resolve) =>
    server.on('listening', () => resolve(server.address() as AddressInfo)),
  );
  for (const [name, setting] of [
    ['standalone', 'DENTRYSCOPE_API_LISTEN'],
    ['agent', 'DENTRYSCOPE_AGENT_LISTEN'],
  ] as const) {
    const cli = Cli.start([name], { ...quiet, [setting]: `127.0.0.1:${port}` });
    expect((await cli.exited).code).toBe(2);
    expect(cli.stderr).toContain(`${setting}=127.0.0.1:${port}: the port is taken`);
  }
  server.close();
});

it('a kernel that refuses BPF: node-level figures, absent counters, and the reason', async () => {
  // Without CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN, as in a container that was not given them.
  const without = ['setpriv', '--bounding-set=-bpf,-perfmon,-sys_admin', '--'];
  const env = { ...quiet, DENTRYSCOPE_TRANSPORT: 'stdout' };
  const cli = Cli.start(['agent'], env, without);
  await cli.says(/agent started/);
  await eventually(() => (cli.stdout.split('\n').length > 3 ? true : undefined));
  expect((await cli.end()).code).toBe(0);
  const batch = batchFromJson(cli.stdout.trim().split('\n').at(-1)!);
  expect(batch.state?.nrDentry).toBeGreaterThan(0n);
  expect(batch.state?.dentriesAllocated).toBeUndefined();
  expect(batch.cgroups?.dentriesAllocated ?? []).toEqual([]);
  expect(batch.health?.hooks.find(({ hook }) => hook === 'dentry_alloc')?.backend).toBe('');
  expect(batch.health?.degraded.join('\n')).toMatch(/dentry_alloc is not measured: .*(EPERM|not permitted)/i);
  const doctor = Cli.start(['doctor'], quiet, without);
  expect((await doctor.exited).code).toBe(1);
  expect(doctor.stdout).toMatch(/✗ dentry_alloc .*not measured/);
  const detectors = /\w+ are not measured: .+/g;
  expect(doctor.stdout.match(detectors)).toEqual(batch.health?.degraded.join('\n').match(detectors));
});

it('a second agent on one data directory is told whose it is', async () => {
  const env = { ...quiet, DENTRYSCOPE_DATA_DIR: join(dir.path, 'shared'), DENTRYSCOPE_BACKEND: 'none' };
  const first = Cli.start(['agent'], env);
  await first.says(/agent started/);
  const second = Cli.start(['agent'], env);
  expect((await second.exited).code).not.toBe(0);
  expect(second.stderr).toContain('DENTRYSCOPE_DATA_DIR');
});

it('an ingester without ISA-L says that it compresses with zlib', async () => {
  const away = { DENTRYSCOPE_KAFKA_BROKERS: '127.0.0.1:1', DENTRYSCOPE_INFLUX_URL: 'http://127.0.0.1:1' };
  const store = { DENTRYSCOPE_STORE: 'influx', DENTRYSCOPE_INFLUX_TOKEN: 'token' };
  const ingester = (env: Record<string, string>) =>
    Cli.start(['ingester'], { ...quiet, ...store, ...away, ...env });
  const without = ingester({ DENTRYSCOPE_GZIP_ADDON: join(dir.path, 'nowhere.node') });
  await without.says(/nowhere\.node.*compressed by zlib/);
  const having = ingester({});
  await having.says(/ingester started/);
  expect(having.stderr).not.toMatch(/zlib/);
});

it('a line that is no window is named, and what came before it is published', async () => {
  const env = { ...quiet, DENTRYSCOPE_DATA_DIR: join(dir.path, 'lines') };
  const good = batchToJson(pastFleet(2).window(0)[0]!);
  for (const [bad, message] of [
    ['{"cluster":', /line 2 is no NodeBatch/],
    ['{"clutser":"x"}', /line 2 is no NodeBatch.*clutser/],
    [batchToJson(createBatch({ cluster: 'c', node: 'n', bootId: 'b' })), /line 2 is no NodeBatch: seq is 0/],
  ] as const) {
    const cli = Cli.start(['publish', '-'], env);
    cli.input(`${good}\n${bad}\n`);
    expect((await cli.exited).code).toBe(1);
    expect(cli.stderr).toMatch(message);
  }
  const missing = Cli.start(['publish', join(dir.path, 'nowhere.jsonl')], env);
  expect((await missing.exited).code).toBe(1);
  expect(missing.stderr).toMatch(/can't read .*nowhere.jsonl: ENOENT/);
  const tail = Cli.start(['tail'], env);
  await eventually(() => (tail.stdout.trim().split('\n').length === 3 ? true : undefined));
});

describe.skipIf(requirePart('kafka', 'influx'))('with Kafka and InfluxDB', { timeout: 240_000 }, () => {
  it('a broker that is not there: the agent says so and keeps its windows until it comes', async () => {
    const kafka = await startKafka();
    await kafka.kill('SIGKILL');
    const env = {
      ...quiet,
      ...kafka.env,
      DENTRYSCOPE_TRANSPORT: 'kafka',
      DENTRYSCOPE_DATA_DIR: join(dir.path, 'absent'),
    };
    try {
      const { address } = await startService('agent', { ...env, DENTRYSCOPE_BACKEND: 'none' });
      expect(await troubleOf(address, 'transport')).toContain('DENTRYSCOPE_KAFKA_BROKERS');
      await eventually(async () => (await spooled(address)) >= 3 || undefined);
      const [waited, backMs] = [await spooled(address), Date.now()];
      await kafka.restart();
      await eventually(async () => ((await readiness(address)).ready ? true : undefined), 90_000);
      const tail = Cli.start(['tail'], env);
      const windows = () => tail.stdout.split('\n').slice(0, -1).map(batchFromJson);
      await eventually(
        () => complete(windows(), waited, backMs) || undefined,
        30_000,
        () => told(windows()),
      );
    } finally {
      await kafka.stop();
    }
  });

  it('a message that cannot be read goes to the dead letters with its place, and blocks nobody', async () => {
    const parts = await startParts();
    const env = onParts(parts, join(dir.path, 'unreadable'));
    const publisher = openKafkaPublisher({ brokers: parts.kafka.brokers, partitions: 1 });
    try {
      const fleet = pastFleet(3);
      const file = join(dir.path, 'good.jsonl');
      const garbage = Buffer.from([0xff, 0x00, 0x13, 0x37]);
      await eventually(() =>
        publisher.publish(topics.deltas, [{ key: 'k', value: garbage }]).then(() => true),
      );
      writeFileSync(file, jsonLines([0, 1, 2].flatMap((k) => fleet.window(k))));
      expect((await Cli.start(['publish', file], env).exited).code).toBe(0);
      await startService('ingester', env);
      const api = Cli.start(['api'], env);
      const [, address] = await api.says(/"address":"(http[^"]+)"/);
      await expectTruth(address!, fleet, 3);
      const [letter] = await deadLetters(parts.kafka.brokers);
      expect(Buffer.from(letter!.value)).toEqual(garbage);
      expect(letter!.headers).toMatchObject({ topic: topics.deltas, partition: '0', offset: '0' });
      expect(letter!.headers!['reason']).toMatch(/\w/);
    } finally {
      await publisher.close();
      await parts.stop();
    }
  });

  it('a wrong InfluxDB token: told by name, nothing lost, and mended by the right one', async () => {
    const parts = await startParts();
    const right = onParts(parts, join(dir.path, 'token'));
    const wrong = { ...right, DENTRYSCOPE_INFLUX_TOKEN: 'not-the-token' };
    try {
      const fleet = pastFleet(3);
      const file = join(dir.path, 'token.jsonl');
      writeFileSync(file, jsonLines([0, 1, 2].flatMap((k) => fleet.window(k))));
      expect((await Cli.start(['publish', file], right).exited).code).toBe(0);
      const { cli, address } = await startService('ingester', wrong);
      expect(await troubleOf(address, 'store')).toContain('DENTRYSCOPE_INFLUX_TOKEN');
      expect(cli.stderr).not.toContain('not-the-token');
      await cli.end();
      await startService('ingester', right);
      const [, apiAddress] = await Cli.start(['api'], right).says(/"address":"(http[^"]+)"/);
      await expectTruth(apiAddress!, fleet, 3);
      const badApi = Cli.start(['api'], wrong);
      const [, badAddress] = await badApi.says(/"address":"(http[^"]+)"/);
      const answer = await fetch(`${badAddress!}/v1/fleet`);
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: 'store_unavailable' });
    } finally {
      await parts.stop();
    }
  });
});

const jsonLines = (batches: readonly NodeBatch[]) =>
  batches.map((batch) => `${batchToJson(batch)}\n`).join('');

async function deadLetters(brokers: readonly string[]): Promise<Received[]> {
  const settings = {
    transport: 'kafka',
    kafkaBrokers: brokers,
    kafkaPartitions: 1,
    dataDir: dir.path,
  } as const;
  const consumer = openConsumer(settings, topics.deadLetter, 'test', { ephemeral: true });
  const letters: Received[] = [];
  const run = consumer.run(async (messages) => void letters.push(...messages));
  await eventually(() => (letters.length > 0 ? true : undefined));
  await consumer.close();
  await run;
  return letters;
}

it('a page asks an API that has no such address: a problem, not a stack', async () => {
  const env = { ...quiet, DENTRYSCOPE_DATA_DIR: join(dir.path, 'page'), DENTRYSCOPE_BACKEND: 'none' };
  const [, api] = await Cli.start(['standalone'], env).says(/dentryscope is at (http\S+)/);
  await expect(getJson(`${api!}/v1/top?metric=dentries_allocated&frm=1h`)).rejects.toThrow(
    /unknown_query_field/,
  );
  await expect(getJson(`${api!}/v1/nowhere`)).rejects.toThrow(/not_found/);
});
