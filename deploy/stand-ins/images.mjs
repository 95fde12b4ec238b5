/**
 * Images in place of those that a registry would give: Debian by debootstrap, this machine's Node and npm, the lab's
 * Kafka and InfluxDB. Packages come from where this machine's apt and npm have theirs.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createReadStream } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, getPart } from '@dentryscope/lab';
import { run } from './engine.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const PREFIX = 'dentryscope-stand-in';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Where stand-ins are used, these variables of docker-compose.yml name them. */
export const variables = {
  DEPLOY_NODE_IMAGE: `${PREFIX}/node`,
  DEPLOY_KAFKA_IMAGE: `${PREFIX}/kafka`,
  DEPLOY_INFLUX_IMAGE: `${PREFIX}/influx`,
};

/** The folder of an archive of Debian 12, made once. */
async function debian() {
  const archive = join(cacheRoot(), 'parts', 'debian-bookworm-minbase.tar');
  if (existsSync(archive)) return archive;
  const [mirror] = (
    await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  ).split('\n');
  const scratch = mkdtempSync(join(tmpdir(), `${PREFIX}-`));
  try {
    const root = join(scratch, 'root');
    await run('debootstrap', [
      '--variant=minbase',
      '--include=ca-certificates,curl',
      'bookworm',
      root,
      mirror,
    ]);
    await run('tar', ['-C', root, '-cf', `${scratch}/root.tar`, '.']);
    mkdirSync(dirname(archive), { recursive: true });
    await run('cp', [`${scratch}/root.tar`, `${archive}.part`]);
    renameSync(`${archive}.part`, archive);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return archive;
}

async function importBase(env) {
  if (await run('docker', ['image', 'inspect', `${PREFIX}/base`], env).catch(() => false)) return;
  const child = spawn('docker', ['import', '-', `${PREFIX}/base:latest`], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  createReadStream(await debian()).pipe(child.stdin);
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`docker import ended with ${status}`);
}

/** @param {(context: string) => void} fill puts what the image is made of into the folder */
async function build(name, env, args, fill) {
  const context = mkdtempSync(join(tmpdir(), `${PREFIX}-`));
  try {
    cpSync(here, context, { recursive: true });
    fill(context);
    // The engine's own builder: BuildKit wants a plugin that a plain installation does not have.
    const what = [
      '-q',
      '--network=host',
      '-f',
      join(context, `Dockerfile.${name}`),
      '-t',
      `${PREFIX}/${name}`,
    ];
    await run('docker', ['build', ...what, ...args, context], { ...env, DOCKER_BUILDKIT: '0' });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

function fillNode(context) {
  const copy = (path, to = path) =>
    cpSync(path, join(context, 'node', to), { recursive: true, verbatimSymlinks: true });
  const prefix = dirname(dirname(process.execPath));
  copy(process.execPath, 'usr/bin/node');
  copy(join(prefix, 'lib/node_modules/npm'), 'usr/lib/node_modules/npm');
  copy(join(prefix, 'include/node'), 'usr/include/node');
  copy(CERTIFICATES);
  copy('/etc/apt/sources.list.d');
  copy('/etc/apt/apt.conf.d');
  if (existsSync('/etc/apt/sources.list')) copy('/etc/apt/sources.list');
  else writeFileSync(join(context, 'node/etc/apt/sources.list'), '');
}

/** @param {string} host of the engine @param {(what: string) => void} say */
export async function buildStandIns(host, say) {
  const env = { DOCKER_HOST: host };
  say('parts: Kafka, InfluxDB');
  await getPart('kafka');
  await getPart('influx');
  say('image: Debian with Node');
  await importBase(env);
  const registry = (await run('npm', ['config', 'get', 'registry'])).trim();
  await build('node', env, ['--build-arg', `REGISTRY=${registry}`], fillNode);
  for (const [name, part] of [
    ['kafka', 'kafka-3.9.1'],
    ['influx', 'influx-2.7.12'],
  ]) {
    say(`image: ${name}`);
    await build(name, env, [], (context) => {
      cpSync(join(cacheRoot(), 'parts', part), join(context, 'part'), { recursive: true });
    });
  }
}

/** The capabilities of docker-compose.yml that this engine and this machine can give; SYS_ADMIN holds the new ones. */
export async function agentCapabilities(host) {
  const bounding = BigInt(`0x${/^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]}`);
  const CAP_SYS_RESOURCE = 24n;
  const knows = async (capability) =>
    await run(
      'docker',
      ['run', '--rm', '--network=none', `--cap-add=${capability}`, `${PREFIX}/node`, 'true'],
      {
        DOCKER_HOST: host,
      },
    )
      .then(() => true)
      .catch(() => false);
  const bpf = (await knows('BPF')) ? ['BPF', 'PERFMON'] : ['SYS_ADMIN'];
  return [...bpf, ...((bounding >> CAP_SYS_RESOURCE) & 1n ? ['SYS_RESOURCE'] : [])];
}
