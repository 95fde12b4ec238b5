/** What the benchmark needs beside the product: Debian packages, its own programs. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StepError, root, run, step } from '../../../scripts/lib/steps.mjs';

const EXPORTER = 'prometheus-node-exporter';
const cache = join(root, '.cache/bench-kernel');
export const built = join(root, 'bench/kernel/build');

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** @throws StepError that says what to do */
export function needsRoot() {
  if (process.getuid() !== 0)
    throw new StepError('bench:kernel loads eBPF programs and makes cgroups: run it as root');
}

async function install(name, why) {
  if (!has('apt-get')) throw new StepError(`${name} is missing (${why}), and there is no apt-get here`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await step(`Debian package ${name}`, async () => {
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { env });
  });
}

export async function bpftrace() {
  if (!has('bpftrace')) await install('bpftrace', 'it is what storms are compared with');
  return spawnSync('bpftrace', ['--version'], { encoding: 'utf8' }).stdout.trim();
}

/**
 * Debian's node-exporter, unpacked into the cache and not installed: an installation would start its service.
 * @returns path and version
 */
export async function nodeExporter() {
  const installed = `/usr/bin/${EXPORTER}`;
  const unpacked = join(cache, 'exporter', installed);
  const path = [installed, unpacked].find((candidate) => existsSync(candidate)) ?? (await unpack(unpacked));
  const said = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return { path, version: `${said.stdout}${said.stderr}`.split('\n')[0] };
}

async function unpack(path) {
  if (!has('apt-get')) throw new StepError(`${EXPORTER} is missing, and there is no apt-get here`);
  await step(`Debian package ${EXPORTER} (unpacked, not installed)`, async () => {
    mkdirSync(join(cache, 'exporter'), { recursive: true });
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['download', '-qq', EXPORTER], { cwd: cache });
    const deb = readdirSync(cache).find((name) => name.startsWith(EXPORTER) && name.endsWith('.deb'));
    await run('dpkg-deb', ['-x', join(cache, deb), join(cache, 'exporter')]);
  });
  return path;
}

export async function programs() {
  await step('programs of the benchmark', () => run('make', ['-s', '-C', 'bench/kernel']));
}
