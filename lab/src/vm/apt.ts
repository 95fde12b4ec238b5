import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEYRING, run } from './tools.js';

/** A kernel image package of Debian, unpacked nowhere yet. */
export interface KernelPackage {
  /** The Debian version of the package, for instance `6.1.192-2`. */
  version: string;
  /** The .deb on disk. */
  file: string;
}

const SIGNED = `[arch=amd64 signed-by=${KEYRING}]`;

/**
 * Downloads the newest kernel of a Debian suite (`bullseye`, …) into `folder`.
 *
 * apt works on a private state below `folder`: the machine's own lists, caches and hooks stay as they are, its mirror,
 * proxy and credentials are used. Signatures are checked against Debian's archive keyring.
 */
export async function downloadKernel(suite: string, folder: string): Promise<KernelPackage> {
  const apt = await privateApt(suite, folder);
  await run('apt-get', ['update', '-qq'], apt);
  const depends = await run('apt-cache', ['depends', 'linux-image-amd64'], apt);
  const image = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (image === undefined) throw new Error(`Debian ${suite} offers no linux-image-amd64`);
  await run('apt-get', ['download', '-qq', image], apt);
  const file = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error(`apt-get download ${image} left no package`);
  const path = join(folder, file);
  return { version: (await run('dpkg-deb', ['-f', path, 'Version'])).trim(), file: path };
}

async function privateApt(
  suite: string,
  folder: string,
): Promise<{ cwd: string; env: Record<string, string> }> {
  for (const name of ['lists/partial', 'cache/archives/partial', 'state'])
    await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'sources.list'), await sources(suite));
  const config = join(folder, 'apt.conf');
  await writeFile(config, await settings(folder), { mode: 0o600 });
  await chmod(folder, 0o700);
  return { cwd: folder, env: { APT_CONFIG: config } };
}

/** The machine's ways of fetching (proxy, timeouts), then our own folders; none of the machine's hooks. */
async function settings(folder: string): Promise<string> {
  const dump = await run('apt-config', ['dump', 'Acquire']);
  const fetching = dump.split('\n').filter((line) => !line.startsWith('Acquire::IndexTargets'));
  return [
    ...fetching,
    'APT::Architecture "amd64";',
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Dir::Etc::main "/dev/null";',
    'Dir::Etc::parts "/dev/null";',
    'Dir::Etc::sourceparts "/dev/null";',
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    `Dir::State "${folder}/state";`,
    `Dir::State::lists "${folder}/lists";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
  ].join('\n');
}

async function sources(suite: string): Promise<string> {
  const mirrors = await debianMirrors();
  const line = (base: string, name: string) => `deb ${SIGNED} ${base} ${name} main\n`;
  const security = mirrors.security === undefined ? '' : line(mirrors.security, `${suite}-security`);
  return line(mirrors.main, suite) + security;
}

/** Where this machine itself gets Debian from: `DENTRYSCOPE_DEBIAN_MIRROR`, else apt's configured sources. */
async function debianMirrors(): Promise<{ main: string; security: string | undefined }> {
  const format = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)';
  const text = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const main = process.env['DENTRYSCOPE_DEBIAN_MIRROR'] ?? mirrorOf(text, DEBIAN_SUITE);
  if (main === undefined)
    throw new Error(
      'apt has no Debian source: set DENTRYSCOPE_DEBIAN_MIRROR to the address of a Debian mirror',
    );
  return { main, security: mirrorOf(text, SECURITY_SUITE) };
}

const DEBIAN_SUITE = /^(stable|oldstable|testing|sid|bullseye|bookworm|trixie|forky)$/;
const SECURITY_SUITE = /^(stable|oldstable|testing|bullseye|bookworm|trixie|forky)-security$/;

function mirrorOf(targets: string, suite: RegExp): string | undefined {
  const rows = targets.split('\n').map((line) => line.split('|'));
  return rows.find(([, release, component]) => component === 'main' && suite.test(release ?? ''))?.[0];
}
