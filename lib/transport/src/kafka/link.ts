/** One kafkajs client that can be cut off for good: what it still had in flight can then no longer reach the broker. */
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactoryArgs, Kafka, LogEntry, RetryOptions } from 'kafkajs';
import type { Log } from '../log.js';
import { WANTS_TLS } from './hints.js';
import { kafkajs } from './kafkajs.js';
import { readSecurity } from './security.js';
import type { KafkaSecurity } from './security.js';

const KEEP_ALIVE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 3000;

/** All of it is given: kafkajs has other defaults where NODE_ENV is `test`. The services' own loops do the rest. */
export const briefRetry: RetryOptions = {
  retries: 2,
  initialRetryTime: 100,
  maxRetryTime: 1000,
  factor: 0.2,
  multiplier: 2,
};

export interface LinkOptions {
  readonly brokers: readonly string[];
  readonly security?: KafkaSecurity | undefined;
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  readonly log: Log;
}

export class KafkaLink {
  readonly kafka: Kafka;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  /** @throws TransportError where a file of its security cannot be read */
  constructor({ brokers, security, clientId, requestTimeoutMs, log }: LinkOptions) {
    const { Kafka: Client, logLevel } = kafkajs();
    this.kafka = new Client({
      brokers: [...brokers],
      ...readSecurity(security),
      clientId,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      enforceRequestTimeout: true,
      retry: briefRetry,
      socketFactory: (args) => this.#connect(args),
      logLevel: logLevel.INFO,
      logCreator: () => (entry) => forward(entry, log, this.#cut),
    });
  }

  /** A client that was given up would go on with its retries behind our back; without sockets it cannot. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy(new Error('given up'));
  }

  #connect({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    if (this.#cut) throw new Error('given up');
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
      : failOnTls(connectTcp({ host, port }, onConnect));
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

const TLS_ALERT = 21;
const TLS_MAJOR_VERSION = 3;

/** A TLS alert (RFC 8446, 5.1) would be the length of an answer to kafkajs, 350 MB that it waits for. */
function failOnTls(socket: Socket): Socket {
  return socket.once('data', (first: Buffer) => {
    if (first[0] === TLS_ALERT && first[1] === TLS_MAJOR_VERSION) socket.destroy(new Error(WANTS_TLS));
  });
}

/** What is an error to kafkajs is tried again by us: a warning. It is told with every attempt what it does: debug. */
function forward({ namespace, level, log: { message, ...fields } }: LogEntry, log: Log, cut: boolean): void {
  // Ours gives a producer up after its first failure, for the reason told in producer-session.ts.
  // And of a client that was cut off, that its connections broke is no news.
  const expected = cut || message.startsWith('Limiting retries for the idempotent producer');
  const ours = level > kafkajs().logLevel.WARN || expected ? 'debug' : 'warn';
  log(ours, `kafkajs: ${message}`, { namespace, ...fields, stack: undefined, timestamp: undefined });
}
