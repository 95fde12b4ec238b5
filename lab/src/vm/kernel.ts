import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheRoot } from '../paths.js';
import { downloadKernel } from './apt.js';
import { packBase } from './initramfs.js';
import { keepModules, MODULE_CHOICE } from './modules.js';
import { run } from './tools.js';
import { extractVmlinux } from './vmlinux.js';

/** The kernels on offer, and the Debian suite that each comes from. */
export const SUITE_OF = { '5.10': 'bullseye', '6.1': 'bookworm', '6.12': 'trixie' } as const;
export type KernelVersion = keyof typeof SUITE_OF;
export const KERNELS = Object.keys(SUITE_OF) as KernelVersion[];

/** A kernel ready to boot. */
export interface Kernel {
  /** Its image, an ELF file. */
  vmlinux: string;
  /** An uncompressed cpio archive of its modules and busybox, the base of every initramfs. */
  base: string;
  /** The folder of its modules. */
  modules: string;
  /** Name and exact Debian version, for instance `6.1.0-56-amd64_6.1.192-2`. */
  id: string;
}

/** Throws with the choices in the message when there is no such kernel. */
export function asKernelVersion(text: string): KernelVersion {
  if (Object.hasOwn(SUITE_OF, text)) return text as KernelVersion;
  throw new RangeError(`unknown kernel ${JSON.stringify(text)}: choose one of ${KERNELS.join(', ')}`);
}

const underWay = new Map<KernelVersion, Promise<Kernel>>();

/**
 * The kernel from the cache; had from Debian's archive the first time (some 60 to 110 MB), told on standard error.
 * Calls of any number of processes at once are safe: each builds in a folder of its own and renames it into place.
 */
export async function getKernel(version: KernelVersion): Promise<Kernel> {
  const begun = underWay.get(version) ?? cached(version).then((kernel) => kernel ?? build(version));
  underWay.set(version, begun);
  return begun.finally(() => underWay.delete(version));
}

/** Raised when what is kept of a kernel changes. */
const LAYOUT = 'vmlinux, modules';

/** Holds links such as `5.10` → the exact version; named after what is kept of a kernel. */
function kernelFolder(): string {
  const choice = createHash('sha256')
    .update(LAYOUT + MODULE_CHOICE)
    .digest('hex')
    .slice(0, 8);
  return join(cacheRoot(), `kernels-${choice}`);
}

async function cached(version: KernelVersion): Promise<Kernel | undefined> {
  const link = join(kernelFolder(), version);
  const id = await readlink(link).catch(() => undefined);
  if (id === undefined || (await stat(link).catch(() => undefined)) === undefined) return undefined;
  return kernelAt(id);
}

function kernelAt(id: string): Kernel {
  const folder = join(kernelFolder(), id);
  const release = id.slice(0, id.lastIndexOf('_'));
  return {
    id,
    vmlinux: join(folder, 'vmlinux'),
    base: join(folder, 'base.cpio'),
    modules: join(folder, 'lib/modules', release),
  };
}

async function build(version: KernelVersion): Promise<Kernel> {
  await mkdir(kernelFolder(), { recursive: true });
  const work = await mkdtemp(join(kernelFolder(), `.work-${version}-`));
  try {
    return await buildIn(version, work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function buildIn(version: KernelVersion, work: string): Promise<Kernel> {
  const say = (text: string) => process.stderr.write(`lab: kernel ${version}: ${text}\n`);
  say(`fetching from Debian ${SUITE_OF[version]}`);
  const found = await downloadKernel(SUITE_OF[version], work);
  say(`unpacking ${basename(found.file)}`);
  const tree = join(work, 'tree');
  await run('dpkg-deb', ['-x', found.file, tree]);
  const image = (await readdir(join(tree, 'boot'))).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new Error(`${found.file} holds no kernel image`);
  const release = image.slice('vmlinuz-'.length);
  const ready = join(work, 'ready');
  await keepModules(tree, release, ready);
  await packBase(join(ready, 'lib'), join(work, 'base'), join(ready, 'base.cpio'));
  await extractVmlinux(join(tree, 'boot', image), join(ready, 'vmlinux'));
  const kernel = await publish(ready, `${release}_${found.version}`, version);
  say(`ready: ${kernel.id}`);
  return kernel;
}

/** Both renames are atomic; when another process was first, its folder (the same content) stays. */
async function publish(ready: string, id: string, version: KernelVersion): Promise<Kernel> {
  await rename(ready, join(kernelFolder(), id)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  const link = `${ready}-link`;
  await symlink(id, link);
  await rename(link, join(kernelFolder(), version));
  return kernelAt(id);
}
