import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchGuest } from './guest.js';
import { packRun } from './initramfs.js';
import { asKernelVersion, getKernel, type Kernel } from './kernel.js';
import { BOOT_MODULES } from './modules.js';
import { BootError, type GuestError } from './options.js';
import type { GuestOptions, GuestResult, Streams } from './options.js';
import { startQemu } from './qemu.js';
import { guestAvailable, run } from './tools.js';
import { makeWorkFolder, removeWorkFolder } from './work.js';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
const BOOTS = 3;
const COMMAND = `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(join(PROJECT, 'cli/bin/dentryscope.mjs'))} "$@"\n`;

/**
 * Boots `kernel`, runs `script` (shell text, or the content of a script with `#!` or of a binary) as root, and pipes its output to
 * `streams` as it comes. Rejects when the guest panics, cannot boot or is aborted.
 */
export async function boot(
  kernel: string,
  script: string | Buffer,
  streams: Streams,
  options: GuestOptions = {},
): Promise<GuestResult> {
  const version = asKernelVersion(kernel);
  const lacking = guestAvailable();
  if (lacking !== undefined) throw new Error(lacking);
  const ready = await getKernel(version);
  return await bootAgain(
    () => bootOnce(ready, Buffer.from(script), streams, options),
    ({ message }) => {
      options.signal?.throwIfAborted();
      process.stderr.write(`vm: Linux ${version} died while it booted, once more: ${lastLine(message)}\n`);
    },
  );
}

/**
 * @param note before each further attempt; what it throws ends them
 * @param Reason of which a further attempt is made; of a BootError nothing of the script has run
 * @throws the last Reason; any other at once
 */
export async function bootAgain<T>(
  attempt: () => Promise<T>,
  note: (error: GuestError) => void,
  Reason: abstract new (...args: never[]) => GuestError = BootError,
): Promise<T> {
  for (let left = BOOTS - 1; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Reason) || left === 0) throw error;
      note(error);
    }
  }
}

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)!;

async function bootOnce(kernel: Kernel, script: Buffer, streams: Streams, options: GuestOptions) {
  const work = await makeWorkFolder();
  try {
    return await bootIn(work, kernel, script, streams, options);
  } finally {
    await removeWorkFolder(work);
  }
}

async function bootIn(
  work: string,
  kernel: Kernel,
  script: Buffer,
  streams: Streams,
  options: GuestOptions,
): Promise<GuestResult> {
  const token = randomBytes(16).toString('hex');
  const files = {
    programs: { script, dentryscope: COMMAND },
    data: { settings: settingsOf(token, kernel, script, options), environment: environmentOf(options) },
  };
  const [initramfs, disk] = await Promise.all([packRun(kernel.base, files, work), makeDisk(work, options)]);
  options.signal?.throwIfAborted();
  const qemu = startQemu({
    vmlinux: kernel.vmlinux,
    initramfs,
    disk,
    memoryMb: options.memoryMb ?? 2048,
    cpus: options.cpus ?? 2,
    logLevel: options.verbose ? 8 : 3,
    append: options.append ?? '',
  });
  // By then QEMU holds its files open: a process killed later leaves nothing behind.
  const onReady = () => void removeWorkFolder(work).catch(() => undefined);
  return watchGuest(qemu, Buffer.from(token), streams, { ...options, onReady });
}

async function makeDisk(work: string, options: GuestOptions): Promise<string> {
  const disk = join(work, 'disk');
  const file = await open(disk, 'w');
  await file.truncate((options.diskMb ?? 8192) * 1024 * 1024);
  await file.close();
  // An inode for each 4 KiB, for tests that make many small files.
  await run('mkfs.ext4', ['-q', '-F', '-i', '4096', '-E', 'nodiscard,lazy_itable_init=1', disk]);
  return disk;
}

/** The variables that guest/init.sh and guest/main.sh read. */
function settingsOf(token: string, kernel: Kernel, script: Buffer, options: GuestOptions): string {
  return assignments({
    VM_TOKEN: token,
    VM_CGROUP: options.cgroup ?? 'v2',
    VM_CWD: options.cwd ?? process.cwd(),
    VM_MODULES: BOOT_MODULES.join(' '),
    VM_MODULE_FOLDER: kernel.modules,
    VM_SHELL: isProgram(script) ? '' : '/bin/sh',
    VM_9P_OPTIONS: 'trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose',
  });
}

/** What the kernel can run itself; the rest is given to the shell. */
function isProgram(script: Buffer): boolean {
  return ['#!', '\x7fELF'].some((magic) => script.subarray(0, magic.length).equals(Buffer.from(magic)));
}

function environmentOf(options: GuestOptions): string {
  const path = `${join(process.execPath, '..')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  const all = { PATH: path, HOME: '/root', USER: 'root', LANG: 'C.UTF-8', ...options.env };
  return assignments(all).replace(/^(?=[A-Za-z_]\w*=)/gm, 'export ');
}

function assignments(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quote(value)}\n`)
    .join('');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
