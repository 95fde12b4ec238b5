import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { makeCertificates, type Certificates, type KeyPair } from './certificates.js';
import { Daemon } from './daemon.js';
import { get } from './get.js';
import { Home } from './home.js';
import { influxRecipe, type InfluxVersion } from './influx-get.js';
import { pinned } from './pinned.js';
import { freePorts } from './port.js';
import { RunningPart, startAll } from './running.js';

export interface InfluxOptions {
  version?: InfluxVersion;
  org?: string;
  bucket?: string;
  /** The operator token, with every right; random by default. */
  token?: string;
  /** https: `certificates` of the running store has its authority. */
  tls?: boolean;
  /** Runs on these CPUs only, as taskset(1) writes them. */
  cpus?: string;
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
    readonly certificates: Certificates | undefined,
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
      ...(this.certificates ? { DENTRYSCOPE_INFLUX_TLS_CA_FILE: this.certificates.caFile } : {}),
    };
  }
}

const READY_LIMIT_MS = 120_000;
const PROBE_TIMEOUT_MS = 2_000;
const SETUP_TIMEOUT_MS = 30_000;

interface Place {
  url: string;
  certificates: Certificates | undefined;
}

/** Node's fetch knows no certificate authorities but its own. */
async function ask({ url, certificates }: Place, limitMs: number, path: string, body?: string) {
  const ca = certificates && readFileSync(certificates.caFile);
  const options = { method: body === undefined ? 'GET' : 'POST', signal: AbortSignal.timeout(limitMs) };
  return new Promise<{ status: number; answer: string }>((resolve, reject) => {
    const request = ca
      ? httpsRequest(url + path, { ...options, ca, agent: false })
      : httpRequest(url + path, { ...options, agent: false });
    request.once('error', reject).once('response', (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject);
    });
    request.end(body);
  });
}

/** Its log and engine are open, and the API answers. */
async function answersHealth(place: Place): Promise<void> {
  const { status, answer } = await ask(place, PROBE_TIMEOUT_MS, '/health');
  const health = JSON.parse(answer) as { status?: string };
  if (health.status !== 'pass') throw new Error(`/health says ${status} ${answer}`);
}

async function setUp(place: Place, { org, bucket, token }: Account): Promise<void> {
  const password = randomBytes(16).toString('hex');
  const body = JSON.stringify({ username: 'lab', password, org, bucket, token, retentionPeriodSeconds: 0 });
  const { status, answer } = await ask(place, SETUP_TIMEOUT_MS, '/api/v2/setup', body);
  if (status >= 300) throw new Error(`/api/v2/setup says ${status} ${answer}`);
}

/** As docker-compose.yml starts it: without this, a second kill can cost what was acknowledged after the first. */
const newWalSegments = fileURLToPath(new URL('../../deploy/influx/new-wal-segments.sh', import.meta.url));

const influxdArgs = (dir: string, port: number, tls: KeyPair | undefined): string[] => [
  `--bolt-path=${join(dir, 'influxd.bolt')}`,
  `--sqlite-path=${join(dir, 'influxd.sqlite')}`,
  `--engine-path=${join(dir, 'engine')}`,
  `--http-bind-address=127.0.0.1:${port}`,
  '--reporting-disabled',
  ...(tls ? [`--tls-cert=${tls.certFile}`, `--tls-key=${tls.keyFile}`] : []),
];

export async function startInflux(options: InfluxOptions = {}): Promise<RunningInflux> {
  const { version = '2.7.12', org = 'dentryscope', bucket = 'dentryscope', lastingDir } = options;
  const account = { org, bucket, token: options.token ?? randomBytes(32).toString('hex') };
  const part = await get(influxRecipe(version));
  const home = lastingDir ? Home.lasting(lastingDir) : Home.temporary('influx');
  const [port] = (await freePorts(1)) as [number];
  const certificates = options.tls ? await makeCertificates(home.dir) : undefined;
  const url = `${certificates ? 'https' : 'http'}://127.0.0.1:${port}`;
  const place = { url, certificates };
  const influxd = {
    name: 'influxd',
    ...pinned(options.cpus, '/bin/sh', [
      newWalSegments,
      join(home.dir, 'engine'),
      join(part, 'influxd'),
      ...influxdArgs(home.dir, port, certificates?.server),
    ]),
    ready: () => answersHealth(place),
    readyLimitMs: READY_LIMIT_MS,
  };
  const daemon = new Daemon(influxd, home);
  await startAll(home, [daemon]);
  const running = new RunningInflux(url, certificates, account, version, home, [daemon]);
  try {
    await setUp(place, account);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}
