/** TLS and SASL against a real broker: what is right works from end to end, what is wrong says which setting. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaExtents, openKafkaConsumer, openKafkaPublisher, TransportError } from '@dentryscope/transport';
import type { KafkaLogin, KafkaOptions, Log, Received } from '@dentryscope/transport';
import { requirePart, startKafka } from '@dentryscope/lab';
import type { KafkaLogin as LabLogin, RunningKafka } from '@dentryscope/lab';
import { freshTopic, numbered, textOf } from './conformance.js';
import { freshDirectory, until } from './helpers.js';

const PUBLISH_TIMEOUT_MS = 5000;
/** A busy machine answers late; without an answer at all it would be the publish timeout and the text `no answer`. */
const PROMPTLY_MS = 20_000;
const WRONG_PASSWORD = 'Wr0ng-but-secret-too';

describe.skipIf(requirePart('kafka'))('kafka with TLS and SASL', { timeout: 120_000 }, () => {
  const dir = freshDirectory();
  const said: string[] = [];
  const log: Log = (...line) => void said.push(JSON.stringify(line, errorsToo));
  let kafka: RunningKafka;
  let broker: LabLogin;
  beforeAll(async () => {
    kafka = await startKafka({ secure: true });
    broker = kafka.login!;
  }, 180_000);
  afterAll(() => kafka?.stop());

  /** Of each password file that was used, for the search at the end. */
  const passwordFile = (password: string, name = 'password'): string => {
    const file = join(dir, name);
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    return file;
  };
  const login = (change: Partial<KafkaLogin> = {}): KafkaLogin => ({
    mechanism: 'scram-sha-512',
    username: broker.username,
    passwordFile: passwordFile(broker.password),
    ...change,
  });
  const trusting = () => ({ caFile: broker.certificates.caFile });
  const at = (
    listener: keyof LabLogin['addresses'] | 'plain',
    security: KafkaOptions['security'],
  ): KafkaOptions => ({
    brokers: listener === 'plain' ? kafka.brokers : [broker.addresses[listener]],
    partitions: 2,
    log,
    security,
  });

  async function roundTrip(options: KafkaOptions): Promise<void> {
    const topic = freshTopic();
    const publisher = openKafkaPublisher({ ...options, publishTimeoutMs: 30_000 });
    const consumer = openKafkaConsumer({ ...options, topic, group: topic });
    const received: Received[] = [];
    await publisher.publish(topic, numbered(5));
    const running = consumer.run(async (messages) => void received.push(...messages));
    await until(() => received.length >= 5);
    await until(async () => (await consumer.lag()) === 0n);
    await Promise.all([publisher.close(), consumer.close()]);
    await running;
    expect(received.map(textOf)).toEqual(['0', '1', '2', '3', '4']);
    const extents = await kafkaExtents(options, topic);
    expect([...extents!.values()].map(({ next }) => next).sort()).toEqual([0n, 5n]);
    // Committed with this login: who comes after finds nothing left.
    const next = openKafkaConsumer({ ...options, topic, group: topic });
    const again: Received[] = [];
    const reading = next.run(async (messages) => void again.push(...messages));
    await until(async () => (await next.lag()) === 0n);
    await next.close();
    await reading;
    expect(again).toEqual([]);
  }

  it.each(['scram-sha-512', 'scram-sha-256', 'plain'] as const)(
    'publishes, consumes, commits and tells the lag over TLS with %s',
    (mechanism) => roundTrip(at('sasl', { tls: trusting(), login: login({ mechanism }) })),
  );

  it('does with a certificate of its own where the broker wants one', () => {
    const { certFile, keyFile } = broker.certificates.client;
    return roundTrip(at('mutual', { tls: { ...trusting(), certFile, keyFile } }));
  });

  it('does with a login and no TLS', () => roundTrip(at('plaintextSasl', { login: login() })));

  /** name, listener, security, what the error says */
  const wrong: [string, Parameters<typeof at>[0], () => KafkaOptions['security'], RegExp][] = [
    [
      'a wrong password',
      'sasl',
      () => ({ tls: trusting(), login: login({ passwordFile: passwordFile(WRONG_PASSWORD, 'wrong') }) }),
      /invalid credentials.*KAFKA_SASL_USERNAME.*KAFKA_SASL_PASSWORD_FILE/,
    ],
    [
      'a wrong password with plain',
      'sasl',
      () => ({
        tls: trusting(),
        login: login({ mechanism: 'plain', passwordFile: passwordFile(WRONG_PASSWORD, 'wrong') }),
      }),
      /Invalid username or password.*KAFKA_SASL_USERNAME.*KAFKA_SASL_PASSWORD_FILE/,
    ],
    [
      'an unknown user',
      'sasl',
      () => ({ tls: trusting(), login: login({ username: 'nobody' }) }),
      /invalid credentials.*KAFKA_SASL_USERNAME/,
    ],
    [
      'a password file that is gone',
      'sasl',
      () => ({ tls: trusting(), login: login({ passwordFile: join(dir, 'gone') }) }),
      /KAFKA_SASL_PASSWORD_FILE=.*gone.*ENOENT/,
    ],
    [
      'an authority that did not sign the certificate',
      'sasl',
      () => ({ tls: { caFile: broker.certificates.strangerCaFile }, login: login() }),
      /certificate.*KAFKA_TLS_CA_FILE/,
    ],
    ['no authority given', 'sasl', () => ({ tls: {}, login: login() }), /certificate.*KAFKA_TLS_CA_FILE/],
    ['a certificate that is over', 'expired', () => ({ tls: trusting() }), /expired.*renewed/],
    [
      'a certificate for another host',
      'elsewhere',
      () => ({ tls: trusting() }),
      /does not match.*certificate is for other names than DENTRYSCOPE_KAFKA_BROKERS/,
    ],
    ['no certificate of its own', 'mutual', () => ({ tls: trusting() }), /KAFKA_TLS_CERT_FILE/],
    ['plaintext to a TLS port', 'tls', () => ({}), /speaks TLS \(set DENTRYSCOPE_KAFKA_TLS=on\)/],
    [
      'TLS to a plaintext port',
      'plain',
      () => ({ tls: trusting() }),
      /may speak no TLS: DENTRYSCOPE_KAFKA_TLS/,
    ],
    ['no login where one is wanted', 'sasl', () => ({ tls: trusting() }), /KAFKA_SASL_MECHANISM/],
    [
      'a login where none is known',
      'tls',
      () => ({ tls: trusting(), login: login() }),
      /KAFKA_SASL_MECHANISM/,
    ],
  ];

  describe.each(wrong)('%s', (_, listener, security, says) => {
    it('publisher: a prompt error that may be tried again and names the setting', async () => {
      const options = { ...at(listener, security()), publishTimeoutMs: PUBLISH_TIMEOUT_MS };
      const publisher = openKafkaPublisher(options);
      const before = Date.now();
      const failure: unknown = await publisher.publish('t', numbered(1)).catch((error: unknown) => error);
      expect(Date.now() - before).toBeLessThan(PROMPTLY_MS);
      expect(failure).toBeInstanceOf(TransportError);
      expect(failure).toMatchObject({ retryable: true, message: expect.stringMatching(says) as string });
      await until(() => says.test(publisher.status().detail ?? ''));
      expect(publisher.status().ok).toBe(false);
      await publisher.close();
      said.push(...everythingIn(failure));
    });

    it('consumer and extents say the same', async () => {
      const options = at(listener, security());
      const consumer = openKafkaConsumer({ ...options, topic: 't', group: 'g' });
      const running = consumer.run(async () => undefined);
      await until(() => says.test(consumer.status().detail ?? ''));
      expect(consumer.status().ok).toBe(false);
      await consumer.close();
      await running;
      const failure: unknown = await kafkaExtents(options, 't').catch((error: unknown) => error);
      expect(failure).toMatchObject({ retryable: true, message: expect.stringMatching(says) as string });
      said.push(...everythingIn(failure));
    });
  });

  it('a password that is mended in its file is found without a new start, by publisher and consumer', async () => {
    const file = passwordFile(WRONG_PASSWORD, 'mended');
    const options = at('sasl', { tls: trusting(), login: login({ passwordFile: file }) });
    const topic = freshTopic();
    const publisher = openKafkaPublisher(options);
    const consumer = openKafkaConsumer({ ...options, topic, group: topic });
    const received: Received[] = [];
    const running = consumer.run(async (messages) => void received.push(...messages));
    await until(() => /invalid credentials/.test(publisher.status().detail ?? ''));
    await until(() => /invalid credentials/.test(consumer.status().detail ?? ''));
    passwordFile(broker.password, 'mended');
    await until(() => publisher.status().ok);
    await publisher.publish(topic, numbered(1));
    await until(() => received.length === 1);
    await Promise.all([publisher.close(), consumer.close()]);
    await running;
  });

  it('never says a password: not in a log line of any level, not in an error or its causes', () => {
    expect(said.length).toBeGreaterThan(50);
    // What a leak would look like is looked for, too: the words around it are there.
    expect(said.some((line) => line.includes('invalid credentials'))).toBe(true);
    for (const password of [broker.password, WRONG_PASSWORD])
      for (const form of formsOf(password, broker.username))
        expect(said.filter((line) => line.includes(form))).toEqual([]);
  });
});

/** As it is, and as PLAIN and a debug dump would send it. */
const formsOf = (password: string, username: string): string[] => [
  password,
  Buffer.from(password).toString('base64'),
  Buffer.from(password).toString('hex'),
  Buffer.from(`\0${username}\0${password}`).toString('base64'),
];

/** Messages, stacks and every own property, of the error and its causes. */
function everythingIn(error: unknown): string[] {
  if (!(error instanceof Error)) return [JSON.stringify(error)];
  const { cause } = error;
  const own = JSON.stringify(
    Object.fromEntries(Object.getOwnPropertyNames(error).map((k) => [k, text(error, k)])),
  );
  return [own, ...(cause === undefined ? [] : everythingIn(cause))];
}

const text = (error: Error, key: string): string =>
  String((error as unknown as Record<string, unknown>)[key]);

const errorsToo = (_: string, value: unknown): unknown =>
  value instanceof Error ? everythingIn(value) : value;
