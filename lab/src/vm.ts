import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { EmulatorError } from './vm/options.js';
import type { GuestOptions, GuestResult } from './vm/options.js';
import { boot, bootAgain } from './vm/run.js';

export {
  GUEST_TEST_TIMEOUT_MS,
  GUEST_TIMEOUT_MS,
  GuestError,
  type CgroupLayout,
  type GuestOptions,
  type GuestResult,
  type Streams,
} from './vm/options.js';
export { boot } from './vm/run.js';
export { asKernelVersion, getKernel, KERNELS, type Kernel, type KernelVersion } from './vm/kernel.js';
export { guestAvailable } from './vm/tools.js';

/** What a script in a guest left. */
export interface GuestOutput extends GuestResult {
  stdout: string;
  stderr: string;
  /** The same, byte for byte. */
  stdoutBytes: Buffer;
  stderrBytes: Buffer;
}

/**
 * Boots `kernel` (5.10, 6.1 or 6.12), runs `script` as root in it and returns its output and status.
 * The guest sees the machine's files at their own paths; what it writes is gone at the end. /data is an empty ext4 disk.
 * Where the emulator is at fault the script is run once more, in a fresh guest, and what it wrote before is left out.
 */
export async function runInGuest(
  kernel: string,
  script: string | Buffer,
  options: GuestOptions = {},
): Promise<GuestOutput> {
  const note = ({ message }: Error) => {
    options.signal?.throwIfAborted();
    process.stderr.write(`vm: Linux ${kernel} died of the emulator, once more: ${message}\n`);
  };
  return await bootAgain(() => runOnce(kernel, script, options), note, EmulatorError);
}

async function runOnce(kernel: string, script: string | Buffer, options: GuestOptions): Promise<GuestOutput> {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const collected = Promise.all([buffer(streams.stdout), buffer(streams.stderr)]);
  try {
    const result = await boot(kernel, script, streams, options);
    streams.stdout.end();
    streams.stderr.end();
    const [stdoutBytes, stderrBytes] = await collected;
    return { ...result, stdout: String(stdoutBytes), stderr: String(stderrBytes), stdoutBytes, stderrBytes };
  } finally {
    streams.stdout.end();
    streams.stderr.end();
  }
}
