import type { Writable } from 'node:stream';

/** Which cgroup hierarchies are mounted at /sys/fs/cgroup. */
export type CgroupLayout = 'v1' | 'v2' | 'hybrid';

/** What a guest may take: to boot under software emulation takes seconds, on a busy machine many. */
export const GUEST_TIMEOUT_MS = 540_000;

/** What a test that waits for a guest may take. A guest that hangs ends before it, and says how far it came. */
export const GUEST_TEST_TIMEOUT_MS = GUEST_TIMEOUT_MS + 60_000;

export interface GuestOptions {
  /** Default 2048. */
  memoryMb?: number;
  /** Default 2. */
  cpus?: number;
  /** Size of the disk at /data, sparse. Default 8192. */
  diskMb?: number;
  /** Default v2. */
  cgroup?: CgroupLayout;
  /**
   * From the start of QEMU; the guest is then ended, the status is 124, and the end of its console is on standard error.
   * Default {@link GUEST_TIMEOUT_MS}.
   */
  timeoutMs?: number;
  /** Added to the script's environment. */
  env?: Record<string, string>;
  /** The script's working directory. Default: the caller's. */
  cwd?: string;
  /** More kernel parameters, for instance `psi=0`. */
  append?: string;
  /** Ends the guest; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Shows the kernel's console on standard error. */
  verbose?: boolean;
}

export interface GuestResult {
  /** The script's exit status; 124 when the time limit ended it. */
  status: number;
  timedOut: boolean;
  /** From the start of QEMU until the script began. */
  bootMs: number;
  /** From the start of QEMU until the last byte. */
  durationMs: number;
}

/** Where a guest's output goes as it comes. They are written to, not ended. */
export interface Streams {
  stdout: Writable;
  stderr: Writable;
}

/** The guest did not come to the end of its script; the message has the end of its console. */
export class GuestError extends Error {
  override readonly name: string = 'GuestError';
}

/** The same by a fault of the emulator, so that the script may well be run once more in a fresh guest. */
export class EmulatorError extends GuestError {
  override readonly name = 'EmulatorError';
}

/** It did not come to the beginning of its script, and did not say why: its kernel died while it booted. */
export class BootError extends GuestError {
  override readonly name = 'BootError';
}
