/** A broker with one listener for each way to be safe, and for each way to get that wrong. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificates, type Certificates, type KeyPair } from './certificates.js';

/** Listener → its protocol and the certificate it shows. */
const LISTENERS = {
  /** TLS and a login: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN. */
  sasl: { protocol: 'SASL_SSL', shows: 'server' },
  /** The same with no TLS below it. */
  plaintextSasl: { protocol: 'SASL_PLAINTEXT', shows: undefined },
  /** TLS, and whoever calls must show a certificate of the authority. */
  mutual: { protocol: 'SSL', shows: 'server' },
  tls: { protocol: 'SSL', shows: 'server' },
  expired: { protocol: 'SSL', shows: 'expired' },
  elsewhere: { protocol: 'SSL', shows: 'elsewhere' },
} as const;

type ListenerName = keyof typeof LISTENERS;
const NAMES = Object.keys(LISTENERS) as ListenerName[];
export const SECURE_PORTS = NAMES.length;

export interface KafkaLogin {
  username: string;
  password: string;
  /** PEM files. */
  certificates: Certificates;
  /** `host:port` of each listener. */
  addresses: Record<ListenerName, string>;
}

/** Certificates and a random password in the home of a broker. @param ports free ones, SECURE_PORTS of them */
export async function makeLogin(dir: string, ports: number[]): Promise<KafkaLogin> {
  const address = (_: ListenerName, at: number) => `127.0.0.1:${ports[at]}`;
  return {
    username: 'dentryscope',
    password: randomBytes(24).toString('base64url'),
    certificates: await makeCertificates(dir),
    addresses: Object.fromEntries(NAMES.map((name, at) => [name, address(name, at)])) as Record<
      ListenerName,
      string
    >,
  };
}

/** Beside the plaintext listener at `plainAddress`, which the broker itself and the lab's probe use. */
export function secureProperties(dir: string, plainAddress: string, controller: string, login: KafkaLogin) {
  const own = NAMES.map((name) => `${name.toUpperCase()}://${login.addresses[name]}`);
  const protocols = NAMES.map((name) => `${name.toUpperCase()}:${LISTENERS[name].protocol}`);
  return {
    listeners: [`PLAINTEXT://${plainAddress}`, `CONTROLLER://${controller}`, ...own].join(','),
    'advertised.listeners': [`PLAINTEXT://${plainAddress}`, ...own].join(','),
    'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...protocols].join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256,PLAIN',
    ...Object.assign({}, ...NAMES.map((name) => listenerProperties(dir, name, login))),
  } as Record<string, string>;
}

function listenerProperties(dir: string, name: ListenerName, login: KafkaLogin): Record<string, string> {
  const { protocol, shows } = LISTENERS[name];
  const prefix = `listener.name.${name.toLowerCase()}.`;
  const own = {
    ...(protocol.startsWith('SASL') ? jaas(login) : {}),
    ...(shows ? stores(dir, login.certificates.caFile, login.certificates[shows]) : {}),
    'ssl.client.auth': name === 'mutual' ? 'required' : 'none',
  };
  return Object.fromEntries(Object.entries(own).map(([key, value]) => [prefix + key, value]));
}

/** SCRAM users are in the cluster's metadata (see `scramArgs`), those of PLAIN in the configuration. */
function jaas({ username, password }: KafkaLogin): Record<string, string> {
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
  return {
    'scram-sha-512.sasl.jaas.config': scram,
    'scram-sha-256.sasl.jaas.config': scram,
    'plain.sasl.jaas.config': `${plain} user_${username}="${password}";`,
  };
}

/** Kafka wants key and certificate in one file. */
function stores(dir: string, caFile: string, { certFile, keyFile }: KeyPair): Record<string, string> {
  const both = join(dir, 'tls', `${certFile.split('/').at(-1)}.both`);
  writeFileSync(both, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'), { mode: 0o600 });
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': both,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
  };
}

/** Arguments of StorageTool's `format`. */
export const scramArgs = ({ username, password }: KafkaLogin): string[] =>
  ['SCRAM-SHA-512', 'SCRAM-SHA-256'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ]);
