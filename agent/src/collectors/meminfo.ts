/** /proc/meminfo: the four fields that say how near memory pressure is. */
import { readProc } from './proc.js';

const fields = {
  MemTotal: 'memTotalBytes',
  MemAvailable: 'memAvailableBytes',
  SReclaimable: 'slabReclaimableBytes',
  SUnreclaim: 'slabUnreclaimableBytes',
} as const;

export type MemoryState = Partial<Record<(typeof fields)[keyof typeof fields], bigint>>;

export function parseMeminfo(text: string): MemoryState {
  const state: MemoryState = {};
  for (const [, name, kib] of text.matchAll(/^(\w+):\s+(\d+) kB$/gm)) {
    const field = fields[name as keyof typeof fields];
    if (field) state[field] = BigInt(kib!) * 1024n;
  }
  return state;
}

export function readMeminfo(procRoot: string): MemoryState | undefined {
  const text = readProc(procRoot, 'meminfo');
  return text === undefined ? undefined : parseMeminfo(text);
}
