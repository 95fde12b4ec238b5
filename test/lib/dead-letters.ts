/** `dentryscope deadletter` on a transport with an ingester and an API behind it. */
import { topics } from '@dentryscope/contracts';
import { openConsumer } from '@dentryscope/transport';
import type { Publisher, Received, TransportSettings } from '@dentryscope/transport';
import { Cli, eventually } from './cli.js';

export interface Place {
  /** For the command. */
  readonly env: Record<string, string>;
  readonly settings: TransportSettings;
  readonly publisher: Publisher;
  readonly api: string;
}

export interface Listed {
  readonly failedAtMs: string;
  readonly reason: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly bytes: number;
  readonly keptBytes: number;
  readonly firstBytesHex: string;
  readonly replayOf: string | null;
}

export async function deadletter(place: Place, ...args: string[]) {
  const cli = Cli.start(['deadletter', ...args], place.env);
  const { code, signal } = await cli.exited;
  return { code, signal, stdout: cli.stdout, stderr: cli.stderr };
}

export async function listed(place: Place, ...args: string[]): Promise<Listed[]> {
  const { code, stdout, stderr } = await deadletter(place, 'list', '--json', ...args);
  if (code !== 0) throw new Error(`deadletter list ended with ${code}: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Listed);
}

/** The dead letters of a key, once there are `count` of them. */
export async function lettersOf(place: Place, key: string, count: number): Promise<Listed[]> {
  return await eventually(async () => {
    const letters = (await listed(place)).filter((letter) => letter.key === key);
    return letters.length >= count ? letters : undefined;
  }, 60_000);
}

/** Every message of the topic of windows with this key, once there are `count`. */
export async function windowsOf(place: Place, key: string, count: number): Promise<Received[]> {
  const consumer = openConsumer(place.settings, topics.deltas, 'test', { ephemeral: true });
  const found: Received[] = [];
  const run = consumer.run(async (messages) => void found.push(...messages.filter((one) => one.key === key)));
  await eventually(async () => ((await consumer.lag()) === 0n && found.length >= count ? true : undefined));
  await consumer.close();
  await run;
  return found;
}
