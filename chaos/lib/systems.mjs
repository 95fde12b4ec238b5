/** What the storm goes over: agents, what carries and keeps their windows, and an API that is asked at the end. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startInflux, startKafka } from '@dentryscope/lab';
import { root } from '../../scripts/lib/steps.mjs';
import { mulberry32 } from '../../scripts/lib/random.mjs';
import { CLUSTER, WINDOW_MS, nodeName } from './content.mjs';
import { Process } from './process.mjs';

const PARTITIONS = 4;
const AGENT_PERIOD_MS = 100;
/** All windows are to be over: they are made ten times as fast as time goes. */
const PAST_MS = 20 * 3_600_000;
const REBOOT_OF_STARTS = 1 / 5;

export const REAL_NODE = 'real';
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const bin = join(root, 'cli/bin/dentryscope.mjs');
const listens = /"address":"(http[^"]+)"/;

const quickly = {
  DENTRYSCOPE_API_LISTEN: '127.0.0.1:0',
  DENTRYSCOPE_AGENT_LISTEN: '127.0.0.1:0',
  DENTRYSCOPE_INGESTER_LISTEN: '127.0.0.1:0',
  DENTRYSCOPE_WINDOW: `${WINDOW_MS}ms`,
  DENTRYSCOPE_KUBERNETES: 'off',
  DENTRYSCOPE_CLUSTER: CLUSTER,
  DENTRYSCOPE_NODE: REAL_NODE,
};

class System {
  actors = [];
  simulated = [];
  /** Whether cgroups are told by name. */
  names = true;
  address;

  constructor(run, env, settings) {
    Object.assign(this, {
      run,
      env,
      settings,
      baseMs: Math.floor((Date.now() - PAST_MS) / WINDOW_MS) * WINDOW_MS,
    });
  }

  /** Started, ended with the scope, and one of the actors where it has a kind. */
  async add(options) {
    const process = new Process({ log: join(this.run.folder, `${options.name}.log`), ...options });
    this.run.scope.defer(() => process.kill());
    await process.start();
    if (options.kind) this.actors.push(process);
    return process;
  }

  /** A command of ours as a process. */
  cli(subcommand, options = {}) {
    const command = () => [process.execPath, [bin, subcommand], this.env];
    return this.add({ name: subcommand, kind: subcommand, command, ready: listens, ...options });
  }

  async addAgents() {
    for (let node = 0; node < this.run.nodes; node += 1) {
      const random = mulberry32(this.run.seed + node);
      let boot = 0;
      const command = () => {
        if (random() < REBOOT_OF_STARTS) boot += 1;
        return [process.execPath, [here('sim-agent.mjs'), JSON.stringify(this.simulation(node, boot))]];
      };
      this.simulated.push(await this.add({ name: nodeName(node), kind: 'agent', command, ready: /"ready"/ }));
    }
  }

  simulation(node, boot, drain = false) {
    const { seed, fault, folder } = this.run;
    const directory = join(folder, nodeName(node));
    const { baseMs, settings } = this;
    return { seed, node, boot, baseMs, periodMs: AGENT_PERIOD_MS, directory, settings, fault, drain };
  }

  /** Of an agent that makes no more windows: argv of the one that sends the rest. */
  drainArgs(node) {
    return [here('sim-agent.mjs'), JSON.stringify(this.simulation(node, 'last', true))];
  }

  async addApi() {
    await this.cli('api', { kind: undefined, onReady: ([, address]) => void (this.address = address) });
  }
}

const actorOf = (name, kind, part) => ({
  name,
  kind,
  kill: (signal) => part.kill(signal),
  signal: (signal) => part.kill(signal),
  start: () => part.restart(),
});

async function startParts(run) {
  const [kafka, influx] = await Promise.all([
    startKafka().then((part) => (run.scope.defer(() => part.stop()), part)),
    startInflux().then((part) => (run.scope.defer(() => part.stop()), part)),
  ]);
  const env = {
    ...quickly,
    ...kafka.env,
    ...influx.env,
    DENTRYSCOPE_TRANSPORT: 'kafka',
    DENTRYSCOPE_STORE: 'influx',
    DENTRYSCOPE_KAFKA_PARTITIONS: String(PARTITIONS),
    DENTRYSCOPE_DATA_DIR: join(run.folder, 'data'),
  };
  const settings = { transport: 'kafka', kafkaBrokers: kafka.brokers, kafkaPartitions: PARTITIONS };
  const system = new System(run, env, settings);
  system.actors.push(actorOf('kafka', 'broker', kafka), actorOf('influx', 'store', influx));
  return { system, kafka, influx };
}

async function parts(run) {
  const { system } = await startParts(run);
  for (const name of ['ingester-1', 'ingester-2']) await system.cli('ingester', { name });
  await system.cli('agent');
  system.real = true;
  await system.addApi();
  await system.addAgents();
  return system;
}

async function plain(run) {
  const { system, kafka, influx } = await startParts(run);
  const { url, org, bucket, token } = influx;
  const of = { brokers: kafka.brokers, group: 'plain', influx: { url, org, bucket, token } };
  const command = () => [process.execPath, [here('plain.mjs'), JSON.stringify(of)]];
  system.names = false;
  system.consumers = [];
  for (const name of ['plain-1', 'plain-2'])
    system.consumers.push(await system.add({ name, kind: 'ingester', command }));
  await system.addApi();
  await system.addAgents();
  return system;
}

async function embedded(run) {
  const dataDir = join(run.folder, 'data');
  const env = { ...quickly, DENTRYSCOPE_DATA_DIR: dataDir };
  const system = new System(run, env, {
    transport: 'embedded',
    kafkaBrokers: [],
    kafkaPartitions: 1,
    dataDir,
  });
  const onReady = ([, address]) => void (system.address = address);
  system.real = true;
  await system.cli('standalone', { ready: /dentryscope is at (http\S+)/, onReady });
  await system.addAgents();
  return system;
}

export const systems = { parts, plain, embedded };
