/** What kafkajs wants for TLS and SASL, from files that are read with every session: what was rotated counts from then on. */
import { readFileSync } from 'node:fs';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { envName, settings as declared } from '@dentryscope/contracts/settings';
import type { Setting } from '@dentryscope/contracts';
import { TransportError } from '../types.js';

export interface KafkaTls {
  /** PEM of the authorities that are trusted; those of Node where it is left out. */
  readonly caFile?: string | undefined;
  /** PEM of this client's own certificate and its key, for brokers that ask for one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

export interface KafkaLogin {
  readonly mechanism: 'scram-sha-512' | 'scram-sha-256' | 'plain';
  readonly username: string;
  /** White space around the password does not count. */
  readonly passwordFile: string;
}

/** Names of files only: nothing in here is secret. */
export interface KafkaSecurity {
  readonly tls?: KafkaTls | undefined;
  readonly login?: KafkaLogin | undefined;
}

/** @throws TransportError that may be tried again, where a file cannot be read: it may be about to be replaced */
export function readSecurity({ tls, login }: KafkaSecurity = {}): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  return { ...(tls ? { ssl: readTls(tls) } : {}), ...(login ? { sasl: readLogin(login) } : {}) };
}

function readTls({ caFile, certFile, keyFile }: KafkaTls) {
  return {
    ...(caFile ? { ca: read(caFile, declared.kafkaTlsCaFile) } : {}),
    ...(certFile ? { cert: read(certFile, declared.kafkaTlsCertFile) } : {}),
    ...(keyFile ? { key: read(keyFile, declared.kafkaTlsKeyFile) } : {}),
  };
}

function readLogin({ mechanism, username, passwordFile }: KafkaLogin): SASLOptions {
  const password = read(passwordFile, declared.kafkaSaslPasswordFile).trim();
  return { mechanism, username, password } as SASLOptions;
}

function read(file: string, setting: Setting): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.trim() === '') throw new Error('it is empty');
    return text;
  } catch (error) {
    throw new TransportError(`${envName(setting)}=${file}: ${(error as Error).message}`, true, {
      cause: error,
    });
  }
}
