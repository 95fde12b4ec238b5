import { readFile, rm, writeFile } from 'node:fs/promises';
import { run } from './tools.js';

/** Magic bytes of the compressions that Debian uses for its kernels, and the tool for each. */
const TOOLS: [string, string][] = [
  ['fd377a585a00', 'xz'],
  ['28b52ffd', 'zstd'],
];

/**
 * Writes the ELF kernel inside a bzImage to `target`. QEMU starts it directly (PVH), which saves a guest under software
 * emulation the seconds of unpacking itself. Offsets are of the boot protocol (Documentation/arch/x86/boot.rst).
 */
export async function extractVmlinux(vmlinuz: string, target: string): Promise<void> {
  const image = await readFile(vmlinuz);
  const setupSectors = image.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  const end = start + image.readUInt32LE(0x24c) - 4;
  const payload = image.subarray(start, end);
  const tool = TOOLS.find(([magic]) => payload.toString('hex', 0, 6).startsWith(magic))?.[1];
  if (tool === undefined) throw new Error(`${vmlinuz}: the kernel inside is compressed in an unknown way`);
  const packed = `${target}.packed`;
  await writeFile(packed, payload);
  await run('sh', ['-c', '"$1" -dc < "$2" > "$3"', 'sh', tool, packed, target]);
  await rm(packed);
  await check(target, image.readUInt32LE(end));
}

/** The payload is followed by its unpacked size. */
async function check(vmlinux: string, size: number): Promise<void> {
  const found = await readFile(vmlinux);
  if (found.length !== size || found.toString('latin1', 1, 4) !== 'ELF')
    throw new Error(`${vmlinux}: not the kernel that its image promised (${found.length} of ${size} bytes)`);
}
