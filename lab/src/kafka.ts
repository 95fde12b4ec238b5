import { writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { Daemon } from './daemon.js';
import { exec } from './exec.js';
import { get } from './get.js';
import { Home } from './home.js';
import { kafkaRecipe, type KafkaVersion } from './kafka-get.js';
import { freePorts } from './port.js';
import { RunningPart, startAll } from './running.js';

export interface KafkaOptions {
  version?: KafkaVersion;
  /** Largest Java heap; default 512. */
  heapMb?: number;
  /** Broker properties besides or instead of the lab's, e.g. `{ 'num.partitions': '6' }`. */
  properties?: Record<string, string>;
  /** Keep the data in this folder and let the broker outlive this process; a test leaves this out. */
  lastingDir?: string;
}

/** One broker that is its own controller (KRaft), plaintext, on 127.0.0.1. */
export class RunningKafka extends RunningPart {
  constructor(
    readonly brokers: string[],
    ...rest: ConstructorParameters<typeof RunningPart>
  ) {
    super(...rest);
  }

  get env(): Record<string, string> {
    return { DENTRYSCOPE_KAFKA_BROKERS: this.brokers.join(',') };
  }
}

const READY_LIMIT_MS = 120_000;
const PROBE_TIMEOUT_MS = 2_000;

/** The broker is known to its own controller, and every partition it had before a restart has a leader again. */
async function answersMetadata(broker: string): Promise<void> {
  const options = { clientId: 'lab-probe', logLevel: logLevel.NOTHING, retry: { retries: 0 } };
  const times = { connectionTimeout: PROBE_TIMEOUT_MS, requestTimeout: PROBE_TIMEOUT_MS };
  const admin = new Kafka({ brokers: [broker], ...options, ...times }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error('the broker is still fenced');
    await admin.fetchTopicMetadata();
  } finally {
    await admin.disconnect();
  }
}

interface Ports {
  broker: number;
  controller: number;
}

const serverProperties = (dir: string, { broker, controller }: Ports): Record<string, string> => ({
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.quorum.voters': `1@127.0.0.1:${controller}`,
  'controller.listener.names': 'CONTROLLER',
  listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker}`,
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

const asText = (properties: Record<string, string>): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

const javaArgs = (part: string, heapMb: number): string[] => [
  `-Xmx${heapMb}m`,
  `-Dlog4j.configuration=file:${join(part, 'log4j.properties')}`,
  `-Dlog4j2.configurationFile=${join(part, 'log4j2.properties')}`,
  '-cp',
  join(part, 'libs', '*'),
];

export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const { version = '3.9.1', heapMb = 512, properties, lastingDir } = options;
  const part = await get(kafkaRecipe(version));
  const home = lastingDir ? Home.lasting(lastingDir) : Home.temporary('kafka');
  const [broker, controller] = (await freePorts(2)) as [number, number];
  const config = join(home.dir, 'server.properties');
  writeFileSync(config, asText({ ...serverProperties(home.dir, { broker, controller }), ...properties }));
  const java = javaArgs(part, heapMb);
  const address = `127.0.0.1:${broker}`;
  const kafka = {
    name: 'kafka',
    command: 'java',
    args: [...java, 'kafka.Kafka', config],
    ready: () => answersMetadata(address),
    readyLimitMs: READY_LIMIT_MS,
  };
  const clusterId = randomBytes(16).toString('base64url');
  const format = [...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config];
  const daemon = new Daemon(kafka, home);
  await startAll(home, [daemon], () => exec('java', format, { cwd: home.dir }));
  return new RunningKafka([address], version, home, [daemon]);
}
