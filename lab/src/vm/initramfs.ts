import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tool } from './tools.js';

const GUEST = new URL('../../src/vm/guest/', import.meta.url);

/** Adds busybox and the folders to mount on to a tree of modules, and packs it. */
export async function packBase(tree: string, archive: string): Promise<void> {
  for (const name of ['bin', 'proc', 'sys', 'dev', 'lower', 'upper', 'root']) await mkdir(join(tree, name));
  await copyFile(tool('busybox'), join(tree, 'bin/busybox'));
  await pack(tree, archive);
}

/** What differs from run to run, as files of the guest's `/vm`. */
export interface RunFiles {
  /** Shell assignments which `init` and `main` read. */
  settings: string;
  /** Shell exports for the script. */
  environment: string;
  /** The script to run. */
  script: Buffer;
}

/** Writes the initramfs of one run: the kernel's base archive, then a second archive with this run's files. */
export async function packRun(base: string, files: RunFiles, work: string): Promise<string> {
  const tree = join(work, 'tree');
  await mkdir(join(tree, 'vm'), { recursive: true });
  await copyFile(new URL('init.sh', GUEST), join(tree, 'init'));
  await copyFile(new URL('main.sh', GUEST), join(tree, 'vm/main'));
  await writeFile(join(tree, 'vm/settings'), files.settings);
  await writeFile(join(tree, 'vm/environment'), files.environment);
  await writeFile(join(tree, 'vm/script'), files.script);
  for (const name of ['init', 'vm/main', 'vm/script']) await chmod(join(tree, name), 0o755);
  await pack(tree, join(work, 'run.cpio'));
  const initramfs = join(work, 'initramfs');
  // The kernel unpacks archives that follow one another (Documentation/driver-api/early-userspace/buffer-format).
  await writeFile(initramfs, Buffer.concat([await readFile(base), await readFile(join(work, 'run.cpio'))]));
  return initramfs;
}

/** Uncompressed: software emulation would pay more for unpacking than for the bytes. */
async function pack(tree: string, archive: string): Promise<void> {
  const command = 'find . -print0 | "$1" --quiet --null -o -H newc -R 0:0 > "$2"';
  await run('sh', ['-c', command, 'sh', tool('cpio'), archive], { cwd: tree });
}
