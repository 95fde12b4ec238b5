import { Daemon } from './daemon.js';
import { get } from './get.js';
import { Home } from './home.js';
import { brokerArgs, javaArgs, prepareKafka } from './kafka-config.js';
import { kafkaRecipe, type KafkaVersion } from './kafka-get.js';
import { answersMetadata } from './kafka-ready.js';
import { makeLogin, SECURE_PORTS, type KafkaLogin } from './kafka-secure.js';
import { pinned } from './pinned.js';
import { freePorts } from './port.js';
import { RunningPart, startAll } from './running.js';

export interface KafkaOptions {
  version?: KafkaVersion;
  /** Largest Java heap; default 512. */
  heapMb?: number;
  /** More arguments of the JVM. */
  jvmArgs?: string[];
  /** Broker properties besides or instead of the lab's, e.g. `{ 'num.partitions': '6' }`. */
  properties?: Record<string, string>;
  /** Listeners with TLS and SASL beside the plaintext one: `login` of the running broker has all to use them. */
  secure?: boolean;
  /** Runs on these CPUs only, as taskset(1) writes them. */
  cpus?: string;
  /** Keep the data in this folder and let the broker outlive this process; a test leaves this out. */
  lastingDir?: string;
}

/** One broker that is its own controller (KRaft), plaintext, and where asked for TLS and SASL, on 127.0.0.1. */
export class RunningKafka extends RunningPart {
  constructor(
    readonly brokers: string[],
    readonly login: KafkaLogin | undefined,
    ...rest: ConstructorParameters<typeof RunningPart>
  ) {
    super(...rest);
  }

  get env(): Record<string, string> {
    return { DENTRYSCOPE_KAFKA_BROKERS: this.brokers.join(',') };
  }
}

const READY_LIMIT_MS = 120_000;

export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const { version = '3.9.1', heapMb = 512, jvmArgs = [], properties, lastingDir } = options;
  const part = await get(kafkaRecipe(version));
  const home = lastingDir ? Home.lasting(lastingDir) : Home.temporary('kafka');
  const secure = options.secure ? SECURE_PORTS : 0;
  const [port, controllerPort, ...securePorts] = (await freePorts(2 + secure)) as [number, number];
  const login = options.secure ? await makeLogin(home.dir, securePorts) : undefined;
  const kafka = { dir: home.dir, part, port, controllerPort, login };
  const address = `127.0.0.1:${port}`;
  const spec = {
    name: 'kafka',
    ...pinned(options.cpus, 'java', [`-Xmx${heapMb}m`, ...jvmArgs, ...javaArgs(kafka), ...brokerArgs(kafka)]),
    ready: () => answersMetadata(address),
    readyLimitMs: READY_LIMIT_MS,
  };
  const daemon = new Daemon(spec, home);
  await startAll(home, [daemon], () => prepareKafka(kafka, properties));
  return new RunningKafka([address], login, version, home, [daemon]);
}
