/** /proc/slabinfo, version 2.1 (slabinfo(5)): the caches that dentries and their inodes live in. Readable by root only. */
import { readProc } from './proc.js';

export interface SlabCacheState {
  readonly name: string;
  readonly activeObjects: bigint;
  readonly totalObjects: bigint;
  readonly objectBytes: bigint;
}

const wanted = /^(dentry|inode_cache|.+_inode_cache|.+_inode|nfs_inode_cache|buffer_head)$/;

export function parseSlabinfo(text: string): SlabCacheState[] {
  const lines = text.split('\n');
  if (!lines[0]?.startsWith('slabinfo - version: 2.')) throw new Error('slabinfo has an unknown version');
  return lines.slice(2).flatMap((line) => {
    const [name = '', active, total, bytes] = line.split(/\s+/);
    if (!wanted.test(name) || bytes === undefined || total === '0') return [];
    return [
      { name, activeObjects: BigInt(active!), totalObjects: BigInt(total!), objectBytes: BigInt(bytes) },
    ];
  });
}

export function readSlabinfo(procRoot: string): SlabCacheState[] | undefined {
  const text = readProc(procRoot, 'slabinfo');
  return text === undefined ? undefined : parseSlabinfo(text);
}
