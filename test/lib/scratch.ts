import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own, gone with `remove`. */
export function scratch(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'dentryscope-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

const EXT4_SUPER_MAGIC = 0xef53;

/** On ext4 a failed lookup leaves a negative dentry: one allocation each. */
export function isExt4(path: string): boolean {
  return statfsSync(path).type === EXT4_SUPER_MAGIC;
}
