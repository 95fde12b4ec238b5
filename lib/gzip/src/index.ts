/**
 * gzip (RFC 1952) for what is written often: by ISA-L (https://github.com/intel/isa-l), which takes about a quarter of
 * zlib's processor time for the same size; by Node's zlib where the addon or the library is not there.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { constants, gzip as zlibGzip } from 'node:zlib';

export interface Gzip {
  readonly engine: 'isa-l' | 'zlib';
  /** Why it is not ISA-L. */
  readonly reason?: string;
  /** @returns one member, in memory of its own */
  compress(bytes: Uint8Array): Promise<Uint8Array>;
}

interface Addon {
  gzip(bytes: Uint8Array): Buffer;
}

/** @throws Error where the addon, or the library it needs, does not load */
export function isaL(): Gzip {
  const path =
    process.env['DENTRYSCOPE_GZIP_ADDON'] ??
    fileURLToPath(new URL('../build/Release/gzip.node', import.meta.url));
  const addon = createRequire(import.meta.url)(path) as Addon;
  // On this thread: to another one and back takes longer than most requests take to compress (7 MB: 2 ms).
  return { engine: 'isa-l', compress: async (bytes) => addon.gzip(bytes) };
}

/** Its default, 16 KiB, sends a request's bytes back and forth between threads some twenty times. */
const ZIP_CHUNK_BYTES = 1 << 18;

const zlibCompress = promisify(zlibGzip);

export function zlib(reason: string): Gzip {
  const options = { level: constants.Z_BEST_SPEED, chunkSize: ZIP_CHUNK_BYTES };
  return { engine: 'zlib', reason, compress: (bytes) => zlibCompress(bytes, options) };
}

let opened: Gzip | undefined;

/** The better one that is there. */
export function openGzip(): Gzip {
  if (opened) return opened;
  try {
    opened = isaL();
  } catch (error) {
    opened = zlib((error as Error).message);
  }
  return opened;
}
