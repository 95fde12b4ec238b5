import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Daemon } from './daemon.js';
import { get } from './get.js';
import { Home } from './home.js';
import { influxRecipe, type InfluxVersion } from './influx-get.js';
import { freePorts } from './port.js';
import { RunningPart, startAll } from './running.js';

export interface InfluxOptions {
  version?: InfluxVersion;
  org?: string;
  bucket?: string;
  /** The operator token, with every right; random by default. */
  token?: string;
  /** Keep the data in this folder and let the store outlive this process; a test leaves this out. */
  lastingDir?: string;
}

interface Account {
  org: string;
  bucket: string;
  token: string;
}

/** InfluxDB 2 on 127.0.0.1, set up with one organisation, one bucket that keeps all, and one token. */
export class RunningInflux extends RunningPart {
  readonly org: string;
  readonly bucket: string;
  readonly token: string;

  constructor(
    readonly url: string,
    account: Account,
    ...rest: ConstructorParameters<typeof RunningPart>
  ) {
    super(...rest);
    this.org = account.org;
    this.bucket = account.bucket;
    this.token = account.token;
  }

  get env(): Record<string, string> {
    return {
      DENTRYSCOPE_INFLUX_URL: this.url,
      DENTRYSCOPE_INFLUX_TOKEN: this.token,
      DENTRYSCOPE_INFLUX_ORG: this.org,
      DENTRYSCOPE_INFLUX_BUCKET: this.bucket,
    };
  }
}

const READY_LIMIT_MS = 120_000;
const PROBE_TIMEOUT_MS = 2_000;

/** Its log and engine are open, and the API answers. */
async function answersHealth(url: string): Promise<void> {
  const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  const health = (await response.json()) as { status?: string };
  if (health.status !== 'pass') throw new Error(`/health says ${response.status} ${JSON.stringify(health)}`);
}

async function setUp(url: string, { org, bucket, token }: Account): Promise<void> {
  const password = randomBytes(16).toString('hex');
  const body = JSON.stringify({ username: 'lab', password, org, bucket, token, retentionPeriodSeconds: 0 });
  const response = await fetch(`${url}/api/v2/setup`, { method: 'POST', body });
  if (!response.ok) throw new Error(`/api/v2/setup says ${response.status} ${await response.text()}`);
}

const influxdArgs = (dir: string, port: number): string[] => [
  `--bolt-path=${join(dir, 'influxd.bolt')}`,
  `--sqlite-path=${join(dir, 'influxd.sqlite')}`,
  `--engine-path=${join(dir, 'engine')}`,
  `--http-bind-address=127.0.0.1:${port}`,
  '--reporting-disabled',
];

export async function startInflux(options: InfluxOptions = {}): Promise<RunningInflux> {
  const { version = '2.7.12', org = 'dentryscope', bucket = 'dentryscope', lastingDir } = options;
  const account = { org, bucket, token: options.token ?? randomBytes(32).toString('hex') };
  const part = await get(influxRecipe(version));
  const home = lastingDir ? Home.lasting(lastingDir) : Home.temporary('influx');
  const [port] = (await freePorts(1)) as [number];
  const url = `http://127.0.0.1:${port}`;
  const influxd = {
    name: 'influxd',
    command: join(part, 'influxd'),
    args: influxdArgs(home.dir, port),
    ready: () => answersHealth(url),
    readyLimitMs: READY_LIMIT_MS,
  };
  const daemon = new Daemon(influxd, home);
  await startAll(home, [daemon]);
  const running = new RunningInflux(url, account, version, home, [daemon]);
  try {
    await setUp(url, account);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}
