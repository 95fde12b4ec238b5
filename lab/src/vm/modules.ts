import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './tools.js';

/** Loaded before the root file system is there. ext4 asks for crc32c by name, so no dependency leads to it. */
export const BOOT_MODULES =
  'crc32c_generic crc32c_intel virtio_pci virtio_blk virtio_console 9pnet_virtio 9p overlay ext4'.split(' ');
/** On offer to scripts by modprobe. */
const ON_DEMAND = [
  'loop',
  'brd',
  'dummy',
  'veth',
  'bridge',
  'squashfs',
  'fuse',
  'virtio_net',
  'virtio_balloon',
];

/** Changes when the choice does; part of the cache key. */
export const MODULE_CHOICE = [...BOOT_MODULES, ...ON_DEMAND].join();

/**
 * Copies the modules that guests need, unpacked, from a kernel package's tree to `<target>/lib/modules/<release>`
 * with a new index.
 */
export async function keepModules(tree: string, release: string, target: string): Promise<void> {
  const base = existsSync(join(tree, 'lib/modules')) ? tree : join(tree, 'usr');
  await run('depmod', ['-b', base, release]);
  const source = join(base, 'lib/modules', release);
  const folder = join(target, 'lib/modules', release);
  const filesOf = index(await readFile(join(source, 'modules.dep'), 'utf8'));
  for (const file of new Set([...BOOT_MODULES, ...ON_DEMAND].flatMap(filesOf)))
    await unpack(source, file, folder);
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    await copyFile(join(source, name), join(folder, name));
  await run('depmod', ['-b', target, release]);
}

/** By a module's name, its file and those it depends on; none when it is built in (or not offered). */
function index(modulesDep: string): (name: string) => string[] {
  const files = new Map<string, string[]>();
  for (const line of modulesDep.split('\n')) {
    const [file = '', needs = ''] = line.split(':');
    files.set(nameOf(file), [file, ...needs.trim().split(/\s+/)].filter(Boolean));
  }
  return (name) => files.get(nameOf(name)) ?? [];
}

async function unpack(source: string, file: string, folder: string): Promise<void> {
  const to = join(folder, file);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(join(source, file), to);
  if (file.endsWith('.xz')) await run('xz', ['-d', to]);
}

const plain = (file: string): string => file.replace(/\.xz$/, '');
const nameOf = (file: string): string =>
  plain(file).replace(/^.*\//, '').replace(/\.ko$/, '').replaceAll('-', '_');
