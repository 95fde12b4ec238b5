import { chmod, copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tool } from './tools.js';

const GUEST = new URL('../../src/vm/guest/', import.meta.url);

/** Packs a kernel's `lib` with busybox and the folders to mount on; `tree` is where they are put together. */
export async function packBase(lib: string, tree: string, archive: string): Promise<void> {
  for (const name of ['bin', 'proc', 'sys', 'dev', 'lower', 'upper'])
    await mkdir(join(tree, name), { recursive: true });
  await cp(lib, join(tree, 'lib'), { recursive: true });
  await copyFile(tool('busybox'), join(tree, 'bin/busybox'));
  await pack(tree, archive);
}

/** What differs from run to run: programs and data of the guest's `/vm`, by name. */
export interface RunFiles {
  programs: Record<string, string | Buffer>;
  data: Record<string, string>;
}

/** Writes the initramfs of one run: the kernel's base archive, then a second archive with this run's files. */
export async function packRun(base: string, files: RunFiles, work: string): Promise<string> {
  const tree = join(work, 'tree');
  await mkdir(join(tree, 'vm'), { recursive: true });
  await copyFile(new URL('init.sh', GUEST), join(tree, 'init'));
  await chmod(join(tree, 'init'), 0o755);
  for (const name of ['main.sh', 'fstab']) await copyFile(new URL(name, GUEST), join(tree, 'vm', name));
  for (const [name, text] of Object.entries(files.programs))
    await writeFile(join(tree, 'vm', name), text, { mode: 0o755 });
  for (const [name, text] of Object.entries(files.data)) await writeFile(join(tree, 'vm', name), text);
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
