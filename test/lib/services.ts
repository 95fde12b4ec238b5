/** Agent, ingester and API as processes of their own, on real Kafka and InfluxDB, on free loopback ports. */
import { startInflux, startKafka } from '@dentryscope/lab';
import type { RunningInflux, RunningKafka } from '@dentryscope/lab';
import { Cli } from './cli.js';

export interface Parts {
  readonly kafka: RunningKafka;
  readonly influx: RunningInflux;
  stop(): Promise<void>;
}

export async function startParts(): Promise<Parts> {
  const [kafka, influx] = await Promise.all([startKafka(), startInflux()]);
  return { kafka, influx, stop: async () => void (await Promise.all([kafka.stop(), influx.stop()])) };
}

/** Short windows, any free port, nothing of this machine's cluster. */
export const quickly = {
  DENTRYSCOPE_API_LISTEN: '127.0.0.1:0',
  DENTRYSCOPE_AGENT_LISTEN: '127.0.0.1:0',
  DENTRYSCOPE_INGESTER_LISTEN: '127.0.0.1:0',
  DENTRYSCOPE_WINDOW: '500ms',
  DENTRYSCOPE_KUBERNETES: 'off',
};

export const onParts = ({ kafka, influx }: Parts, dataDir: string): Record<string, string> => ({
  ...quickly,
  ...kafka.env,
  ...influx.env,
  DENTRYSCOPE_TRANSPORT: 'kafka',
  DENTRYSCOPE_STORE: 'influx',
  DENTRYSCOPE_DATA_DIR: dataDir,
});

/** @returns the process, and the address it says it listens on */
export async function startService(
  name: 'agent' | 'ingester' | 'api',
  env: Record<string, string>,
): Promise<{ cli: Cli; address: string }> {
  const cli = Cli.start([name], env);
  const [, address] = await cli.says(/"address":"(http[^"]+)"/);
  return { cli, address: address! };
}

export async function startStandalone(env: Record<string, string>): Promise<{ cli: Cli; address: string }> {
  const cli = Cli.start(['standalone'], env);
  const [, address] = await cli.says(/dentryscope is at (http\S+)/);
  return { cli, address: address! };
}
