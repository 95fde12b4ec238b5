import { randomBytes } from 'node:crypto';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from './exec.js';
import { scramArgs, secureProperties, type KafkaLogin } from './kafka-secure.js';

/**
 * The JVM takes an archive of its classes only if the class path reads as it did when the archive was written.
 * So every broker finds its jars by this link, relative to its own folder, wherever the cache is.
 */
const PART_LINK = 'part';
export const ARCHIVE = 'classes.jsa';

export interface KafkaHome {
  dir: string;
  /** The folder with the jars. */
  part: string;
  port: number;
  controllerPort: number;
  /** Where given, the broker has the listeners of kafka-secure.ts too. */
  login?: KafkaLogin | undefined;
}

const serverProperties = ({ dir, port, controllerPort }: KafkaHome): Record<string, string> => ({
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  'controller.listener.names': 'CONTROLLER',
  listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
  'log.dirs': join(dir, 'data'),
  // One broker: internal topics cannot have the three replicas they have by default.
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  // After a kill the controller lets the broker in again when its old session has ended: 9 s by default.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
});

const loginProperties = ({ dir, port, controllerPort, login }: KafkaHome): Record<string, string> =>
  login ? secureProperties(dir, `127.0.0.1:${port}`, `127.0.0.1:${controllerPort}`, login) : {};

const asText = (properties: Record<string, string>): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

const configFile = (home: KafkaHome): string => join(home.dir, 'server.properties');

/** Java's arguments up to the class to run; its working directory has to be the home. */
export function javaArgs({ part }: KafkaHome): string[] {
  const archive = join(part, ARCHIVE);
  return [
    ...(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []),
    `-Dlog4j.configuration=file:${join(part, 'log4j.properties')}`,
    `-Dlog4j2.configurationFile=${join(part, 'log4j2.properties')}`,
    '-cp',
    `${PART_LINK}/libs/*`,
  ];
}

export const brokerArgs = (home: KafkaHome): string[] => ['kafka.Kafka', configFile(home)];

/** Writes the configuration and formats the data folder, as a new cluster. */
export async function prepareKafka(home: KafkaHome, properties: Record<string, string> = {}): Promise<void> {
  symlinkSync(home.part, join(home.dir, PART_LINK));
  const all = { ...serverProperties(home), ...loginProperties(home), ...properties };
  writeFileSync(configFile(home), asText(all), { mode: 0o600 });
  // The leading zero byte is an A: an id that begins with - would be taken for an option.
  const clusterId = Buffer.concat([Buffer.alloc(1), randomBytes(15)]).toString('base64url');
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configFile(home)];
  const users = home.login ? scramArgs(home.login) : [];
  await exec('java', [...javaArgs(home), ...format, ...users], { cwd: home.dir });
}
