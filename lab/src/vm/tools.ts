import { accessSync, constants, existsSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What guests need from the machine, and the Debian package that has it. */
const PACKAGE_OF: Record<string, string> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'mkfs.ext4': 'e2fsprogs',
  busybox: 'busybox-static',
  cpio: 'cpio',
  depmod: 'kmod',
  xz: 'xz-utils',
  zstd: 'zstd',
  sh: 'dash',
  setpriv: 'util-linux',
  'dpkg-deb': 'dpkg',
  'apt-get': 'apt',
};

/** Debian's archive keys; apt checks every download against them. */
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The caller's PATH, and the system folders that an ordinary user's PATH leaves out. */
export const TOOL_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`;

/** The full path of a tool. Throws an error that names the package when the machine has none. */
export function tool(name: string): string {
  const path = find(name);
  if (path === undefined) throw new Error(missing(name));
  return path;
}

/** What this machine lacks to run guests (a sentence naming the packages), or undefined when nothing is. */
export function guestAvailable(): string | undefined {
  const lacking = Object.keys(PACKAGE_OF).filter((name) => find(name) === undefined);
  const packages = lacking.map((name) => PACKAGE_OF[name] ?? name);
  if (!existsSync(KEYRING)) packages.push('debian-archive-keyring');
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'guest kernels need Linux on x86-64';
  return packages.length === 0 ? undefined : `guest kernels need apt-get install ${packages.join(' ')}`;
}

/** Runs a tool to its end; its standard error becomes the message when it fails. Returns standard output. */
export async function run(name: string, args: string[], options: RunOptions = {}): Promise<string> {
  const env = { ...process.env, PATH: TOOL_PATH, LC_ALL: 'C', ...options.env };
  const done = promisify(execFile)(tool(name), args, { ...options, env, maxBuffer: 64 << 20 });
  try {
    return (await done).stdout;
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim() ?? '';
    throw new Error(`${name} failed: ${text || String(error)}`, { cause: error });
  }
}

interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
}

function missing(name: string): string {
  return `${name} is missing: apt-get install ${PACKAGE_OF[name] ?? name}`;
}

function find(name: string): string | undefined {
  return TOOL_PATH.split(':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(executable);
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
