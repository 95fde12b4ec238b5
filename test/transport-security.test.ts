/** The processes with TLS and SASL to a real broker and TLS to a real InfluxDB: from windows to answers, and no secret said. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { batchToJson, decodeBatch, topics } from '@dentryscope/contracts';
import { requirePart, startInflux, startKafka } from '@dentryscope/lab';
import type { RunningInflux, RunningKafka } from '@dentryscope/lab';
import type { NodeBatch } from '@dentryscope/contracts';
import type { Fleet } from '@dentryscope/simulator';
import { openKafkaConsumer } from '@dentryscope/transport';
import { Cli, endAll, eventually } from './lib/cli.js';
import { expectTruth, pastFleet } from './lib/fleet.js';
import { complete, spooled, told } from './lib/kept-windows.js';
import { scratch } from './lib/scratch.js';
import { quickly, startService } from './lib/services.js';

const WINDOWS = 20;
const dir = scratch();
afterEach(endAll);
afterAll(dir.remove);

function file(name: string, content: string, mode = 0o600): string {
  const path = join(dir.path, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('settings that do not go together end the start with status 2 and are named', () => {
  const kafka = { DENTRYSCOPE_TRANSPORT: 'kafka' };
  const login = {
    ...kafka,
    DENTRYSCOPE_KAFKA_SASL_MECHANISM: 'scram-sha-512',
    DENTRYSCOPE_KAFKA_SASL_USERNAME: 'me',
  };
  const tls = { ...kafka, DENTRYSCOPE_KAFKA_TLS: 'on' };
  const garbage = file('garbage', 'no certificate');
  const empty = file('empty', '\n');
  const cases: [env: Record<string, string>, message: RegExp][] = [
    [{ ...kafka, DENTRYSCOPE_KAFKA_TLS_CA_FILE: garbage }, /TLS_CA_FILE=.*wants DENTRYSCOPE_KAFKA_TLS=on/],
    [{ ...tls, DENTRYSCOPE_KAFKA_TLS_CERT_FILE: garbage }, /TLS_CERT_FILE=.*wants .*TLS_KEY_FILE too/],
    [{ ...tls, DENTRYSCOPE_KAFKA_TLS_KEY_FILE: garbage }, /TLS_KEY_FILE=.*wants .*TLS_CERT_FILE too/],
    [{ ...tls, DENTRYSCOPE_KAFKA_TLS_CA_FILE: '/nowhere' }, /KAFKA_TLS_CA_FILE=\/nowhere: ENOENT/],
    [{ ...tls, DENTRYSCOPE_KAFKA_TLS_CA_FILE: garbage }, /KAFKA_TLS_CA_FILE=.*no PEM certificate/],
    [
      { ...tls, DENTRYSCOPE_KAFKA_TLS_CERT_FILE: garbage, DENTRYSCOPE_KAFKA_TLS_KEY_FILE: garbage },
      /KAFKA_TLS_CERT_FILE=.*KAFKA_TLS_KEY_FILE=/,
    ],
    [login, /SASL_MECHANISM=scram-sha-512 wants DENTRYSCOPE_KAFKA_SASL_PASSWORD_FILE too/],
    [{ ...login, DENTRYSCOPE_KAFKA_SASL_MECHANISM: 'off' }, /SASL_USERNAME=me wants .*SASL_MECHANISM too/],
    [{ ...login, DENTRYSCOPE_KAFKA_SASL_PASSWORD_FILE: '/nowhere' }, /SASL_PASSWORD_FILE=\/nowhere: ENOENT/],
    [{ ...login, DENTRYSCOPE_KAFKA_SASL_PASSWORD_FILE: empty }, /SASL_PASSWORD_FILE=.*: it is empty/],
    [
      {
        ...login,
        DENTRYSCOPE_KAFKA_SASL_MECHANISM: 'plain',
        DENTRYSCOPE_KAFKA_SASL_PASSWORD_FILE: garbage,
      },
      /SASL_MECHANISM=plain sends the password as it is: it wants DENTRYSCOPE_KAFKA_TLS=on/,
    ],
    [
      { DENTRYSCOPE_STORE: 'influx', DENTRYSCOPE_INFLUX_TLS_CA_FILE: garbage },
      /INFLUX_TLS_CA_FILE=.*wants DENTRYSCOPE_INFLUX_URL to begin with https/,
    ],
    [
      {
        DENTRYSCOPE_STORE: 'influx',
        DENTRYSCOPE_INFLUX_URL: 'https://127.0.0.1:1',
        DENTRYSCOPE_INFLUX_TLS_CA_FILE: garbage,
      },
      /INFLUX_TLS_CA_FILE=.*no PEM certificate/,
    ],
  ];
  it.each(cases)('%j', async (env, message) => {
    const cli = Cli.start(['ingester'], { ...quickly, DENTRYSCOPE_DATA_DIR: dir.path, ...env });
    expect(await cli.exited).toEqual({ code: 2, signal: null });
    expect(cli.stderr).toMatch(message);
  });

  it('but not where they are not used: another transport, a command without it', async () => {
    const env = { ...quickly, DENTRYSCOPE_KAFKA_TLS_CA_FILE: garbage, DENTRYSCOPE_BACKEND: 'none' };
    const agent = await startService('agent', { ...env, DENTRYSCOPE_DATA_DIR: join(dir.path, 'unused') });
    await agent.cli.end();
    const api = { ...env, DENTRYSCOPE_TRANSPORT: 'kafka', DENTRYSCOPE_DATA_DIR: join(dir.path, 'unused') };
    await (await startService('api', api)).cli.end();
  });
});

describe.skipIf(requirePart('kafka', 'influx'))('with TLS and logins', { timeout: 180_000 }, () => {
  let kafka: RunningKafka;
  let influx: RunningInflux;
  let env: Record<string, string>;
  let passwordFile: string;
  /** All that any process printed, answered or was started with. */
  const said: string[] = [];
  beforeAll(async () => {
    [kafka, influx] = await Promise.all([startKafka({ secure: true }), startInflux({ tls: true })]);
    const { addresses, certificates, username, password } = kafka.login!;
    passwordFile = file('password', `${password}\n`);
    env = {
      ...quickly,
      DENTRYSCOPE_LOG_LEVEL: 'trace',
      DENTRYSCOPE_DATA_DIR: join(dir.path, 'data'),
      DENTRYSCOPE_TRANSPORT: 'kafka',
      DENTRYSCOPE_KAFKA_BROKERS: addresses.sasl,
      DENTRYSCOPE_KAFKA_TLS: 'on',
      DENTRYSCOPE_KAFKA_TLS_CA_FILE: certificates.caFile,
      DENTRYSCOPE_KAFKA_SASL_MECHANISM: 'scram-sha-512',
      DENTRYSCOPE_KAFKA_SASL_USERNAME: username,
      DENTRYSCOPE_KAFKA_SASL_PASSWORD_FILE: passwordFile,
      DENTRYSCOPE_STORE: 'influx',
      DENTRYSCOPE_INFLUX_URL: influx.url,
      DENTRYSCOPE_INFLUX_TLS_CA_FILE: influx.certificates!.caFile,
      DENTRYSCOPE_INFLUX_TOKEN_FILE: file('token', `${influx.token}\n`),
    };
  }, 180_000);
  afterAll(async () => void (await Promise.all([kafka?.stop(), influx?.stop()])));

  const proc = (cli: Cli, what: 'cmdline' | 'environ') => readFileSync(`/proc/${cli.pid}/${what}`, 'utf8');

  async function record(cli: Cli, address?: string): Promise<void> {
    said.push(proc(cli, 'cmdline'), proc(cli, 'environ'));
    if (address === undefined) return;
    for (const path of ['/readyz', '/metrics']) said.push(await (await fetch(address + path)).text());
  }

  async function finish(cli: Cli): Promise<void> {
    await cli.end();
    said.push(cli.stdout, cli.stderr);
  }

  async function publish(fleet: Fleet): Promise<void> {
    const windows = Array.from({ length: WINDOWS }, (_, window) => fleet.window(window)).flat();
    const lines = windows.map((batch) => `${batchToJson(batch)}\n`).join('');
    const cli = Cli.start(['publish', file('windows.jsonl', lines)], env);
    await record(cli);
    expect(await cli.exited).toEqual({ code: 0, signal: null });
    said.push(cli.stdout, cli.stderr);
  }

  const readiness = async (address: string) => await (await fetch(`${address}/readyz`)).text();

  it('what is published is what the API says, to the last dentry', async () => {
    const fleet = pastFleet(WINDOWS);
    const ingester = await startService('ingester', env);
    const api = await startService('api', env);
    await publish(fleet);
    await expectTruth(api.address, fleet, WINDOWS);
    await eventually(async () => (/"ready":true/.test(await readiness(ingester.address)) ? true : undefined));
    const deadletter = Cli.start(['deadletter', 'list'], env);
    expect((await deadletter.exited).code).toBe(0);
    said.push(deadletter.stdout, deadletter.stderr);
    for (const { cli, address } of [ingester, api]) {
      await record(cli, address);
      await finish(cli);
    }
  });

  it('a wrong password keeps the windows: the agent has them when it is mended, from the first on', async () => {
    const wrong = file('agent-password', 'Wr0ng-but-secret-too');
    const agent = await startService('agent', {
      ...env,
      DENTRYSCOPE_NODE: 'mended',
      DENTRYSCOPE_BACKEND: 'none',
      DENTRYSCOPE_DATA_DIR: join(dir.path, 'agent'),
      DENTRYSCOPE_KAFKA_SASL_PASSWORD_FILE: wrong,
    });
    await eventually(async () => {
      const says = await readiness(agent.address);
      return /KAFKA_SASL_USERNAME and DENTRYSCOPE_KAFKA_SASL_PASSWORD_FILE/.test(says) || undefined;
    });
    await record(agent.cli, agent.address);
    const windows: NodeBatch[] = [];
    // Through the plaintext listener: the agent's login is what is tested.
    const consumer = openKafkaConsumer({
      brokers: kafka.brokers,
      partitions: 1,
      topic: topics.deltas,
      group: 'looks',
      ephemeral: true,
    });
    const reading = consumer.run(async (messages) => {
      for (const { key, value } of messages) if (key.includes('mended')) windows.push(decodeBatch(value));
    });
    await eventually(async () => (await spooled(agent.address)) >= 3 || undefined);
    expect(windows).toEqual([]);
    const [waited, mendedMs] = [await spooled(agent.address), Date.now()];
    file('agent-password', kafka.login!.password);
    await eventually(
      () => complete(windows, waited, mendedMs) || undefined,
      60_000,
      () => told(windows),
    );
    await consumer.close();
    await reading;
    await finish(agent.cli);
  });

  it('a wrong authority for InfluxDB keeps the messages: nothing is buried, and the ingester says so', async () => {
    await publish(pastFleet(WINDOWS, 300));
    const ingester = await startService('ingester', {
      ...env,
      DENTRYSCOPE_INFLUX_TLS_CA_FILE: influx.certificates!.strangerCaFile,
      DENTRYSCOPE_KAFKA_GROUP: 'wrong-authority',
    });
    await eventually(async () => {
      const says = await readiness(ingester.address);
      return /DENTRYSCOPE_INFLUX_TLS_CA_FILE must name/.test(says) || undefined;
    });
    const metrics = async () => await (await fetch(`${ingester.address}/metrics`)).text();
    await eventually(async () => /^ingester_lag_messages [1-9]/m.test(await metrics()) || undefined);
    expect(await metrics()).not.toMatch(/^ingester_dead_letters_total\{/m);
    expect(await metrics()).toMatch(/^ingester_windows_total 0$/m);
    await record(ingester.cli, ingester.address);
    await finish(ingester.cli);
  });

  it('a secret that everybody can read is warned of, the file and not what is in it', async () => {
    chmodSync(passwordFile, 0o644);
    const tail = Cli.start(['tail'], env);
    await tail.says(/DENTRYSCOPE_KAFKA_SASL_PASSWORD_FILE=.*can be read by everybody: chmod o-r/);
    await finish(tail);
    chmodSync(passwordFile, 0o600);
    const again = Cli.start(['tail', '--help'], env);
    await again.exited;
    said.push(again.stdout, again.stderr);
    expect(again.stderr).toBe('');
  });

  it('no process said a secret: on no log level, in no probe, no arguments, no environment, no help', () => {
    expect(said.length).toBeGreaterThan(20);
    expect(said.join('')).toContain('invalid credentials');
    for (const secret of [kafka.login!.password, influx.token, 'Wr0ng-but-secret-too'])
      for (const form of [
        secret,
        Buffer.from(secret).toString('base64'),
        Buffer.from(secret).toString('hex'),
      ])
        expect(said.filter((text) => text.includes(form))).toEqual([]);
  });
});
