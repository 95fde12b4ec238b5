/** Settings of TLS and logins: they have to go together, and their files to be there. Checked before anything starts. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { envName, settings as declared } from '@dentryscope/contracts/settings';
import type { Command, SettingKey, Settings } from '@dentryscope/contracts';

type FileKey = Extract<SettingKey, `${string}File`>;

const certificates = ['kafkaTlsCaFile', 'kafkaTlsCertFile', 'kafkaTlsKeyFile'] as const;
const logins = ['kafkaSaslUsername', 'kafkaSaslPasswordFile'] as const;
/** Whoever reads one of these can be us. */
const secrets: readonly FileKey[] = ['kafkaTlsKeyFile', 'kafkaSaslPasswordFile', 'influxTokenFile'];
const READABLE_BY_ALL = 0o004;

const nameOf = (key: SettingKey) => envName(declared[key]);
const valued = (key: SettingKey, settings: Settings) => `${nameOf(key)}=${String(settings[key])}`;

/** @returns what is wrong and the way out; undefined where nothing is. Looks at nothing that the command does not use. */
export function securityFault(command: Command, settings: Settings): string | undefined {
  const has = (key: SettingKey) => (declared[key].commands as readonly Command[]).includes(command);
  const kafka = has('kafkaTls') && settings.transport === 'kafka';
  const influx = has('influxTlsCaFile') && settings.store === 'influx';
  return (kafka ? kafkaFault(settings) : undefined) ?? (influx ? influxFault(settings) : undefined);
}

function kafkaFault(settings: Settings): string | undefined {
  return tlsFault(settings) ?? loginFault(settings) ?? contextFault(settings);
}

function tlsFault(settings: Settings): string | undefined {
  const given = certificates.find((key) => settings[key] !== undefined);
  if (settings.kafkaTls === 'off' && given)
    return `${valued(given, settings)} wants ${nameOf('kafkaTls')}=on`;
  const [, cert, key] = certificates;
  const [one, other] = settings[cert] === undefined ? [key, cert] : [cert, key];
  return settings[one] !== undefined && settings[other] === undefined
    ? `${valued(one, settings)} wants ${nameOf(other)} too`
    : undefined;
}

function loginFault(settings: Settings): string | undefined {
  const how = settings.kafkaSaslMechanism;
  const mechanism = valued('kafkaSaslMechanism', settings);
  const given = logins.find((key) => settings[key] !== undefined);
  if (how === 'off') return given && `${valued(given, settings)} wants ${nameOf('kafkaSaslMechanism')} too`;
  const missing = logins.find((key) => settings[key] === undefined);
  if (missing) return `${mechanism} wants ${nameOf(missing)} too`;
  if (how === 'plain' && settings.kafkaTls === 'off')
    return `${mechanism} sends the password as it is: it wants ${nameOf('kafkaTls')}=on`;
  return fileFault('kafkaSaslPasswordFile', settings);
}

/** Whether OpenSSL takes the files, and the key is the certificate's. */
function contextFault(settings: Settings): string | undefined {
  const given = certificates.filter((key) => settings[key] !== undefined);
  const unread = given.map((key) => fileFault(key, settings)).find(Boolean);
  if (unread) return unread;
  return authorityFault('kafkaTlsCaFile', settings) ?? keyFault(settings);
}

/** Node's TLS ignores authorities that it cannot read, and then trusts nobody. */
function authorityFault(key: FileKey, settings: Settings): string | undefined {
  if (settings[key] === undefined) return undefined;
  const fault = thrownBy(() => new X509Certificate(readFileSync(settings[key]!)));
  return fault && `${valued(key, settings)}: it is no PEM certificate: ${fault}`;
}

function keyFault(settings: Settings): string | undefined {
  const { kafkaTlsCertFile: certFile, kafkaTlsKeyFile: keyFile } = settings;
  if (certFile === undefined || keyFile === undefined) return undefined;
  const fault = thrownBy(() =>
    createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) }),
  );
  return fault && `${valued('kafkaTlsCertFile', settings)}, ${valued('kafkaTlsKeyFile', settings)}: ${fault}`;
}

function influxFault(settings: Settings): string | undefined {
  if (settings.influxTlsCaFile === undefined) return undefined;
  if (!settings.influxUrl.startsWith('https:'))
    return `${valued('influxTlsCaFile', settings)} wants ${nameOf('influxUrl')} to begin with https://`;
  return fileFault('influxTlsCaFile', settings) ?? authorityFault('influxTlsCaFile', settings);
}

function fileFault(key: FileKey, settings: Settings): string | undefined {
  const fault = thrownBy(() => {
    if (readFileSync(settings[key]!, 'utf8').trim() === '') throw new Error('it is empty');
  });
  return fault && `${valued(key, settings)}: ${fault}`;
}

function thrownBy(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Secrets that every user of this machine can read: one sentence each. */
export function readableSecrets(settings: Settings): string[] {
  return secrets
    .filter((key) => settings[key] !== undefined && isReadableByAll(settings[key]))
    .map((key) => `${valued(key, settings)} can be read by everybody: chmod o-r`);
}

function isReadableByAll(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && (found.mode & READABLE_BY_ALL) !== 0;
}
