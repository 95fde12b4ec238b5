/** What a cgroup's own files say: cpu.stat, and PSI on v2 (Documentation/admin-guide/cgroup-v2.rst). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePressureTotal } from './pressure.js';

export const fileCounters = [
  'cpuThrottledNs',
  'psiCpuSomeNs',
  'psiMemorySomeNs',
  'psiMemoryFullNs',
  'psiIoSomeNs',
  'psiIoFullNs',
] as const;
export type FileCounter = (typeof fileCounters)[number];
/** Cumulative since the cgroup was made. What its kernel doesn't offer is not in it. */
export type FileTotals = Partial<Record<FileCounter, bigint>>;

const pressures = [
  ['cpu', { some: 'psiCpuSomeNs' }],
  ['memory', { some: 'psiMemorySomeNs', full: 'psiMemoryFullNs' }],
  ['io', { some: 'psiIoSomeNs', full: 'psiIoFullNs' }],
] as const;

/** ENOENT: no such controller, no PSI, or no such cgroup any more; ENODEV: it went meanwhile; EOPNOTSUPP: PSI is off. */
const absent = ['ENOENT', 'ENODEV', 'EOPNOTSUPP'];

/** Who reads them: the addon's CgroupFiles, which keeps them open, or `withoutAddon`. */
export interface TotalsReader {
  /** In the order of `fileCounters`; null: not to be had. */
  read(directory: string, psi: boolean): readonly (bigint | null)[];
  forget(directory: string): void;
  close(): void;
}

function readText(directory: string, file: string): string | null {
  try {
    return readFileSync(join(directory, file), 'utf8');
  } catch (error) {
    if (absent.includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** throttled_usec of v2, throttled_time (ns) of v1. @returns ns; undefined without the cpu controller */
export function parseThrottled(cpuStat: string): bigint | undefined {
  const match = /^throttled_(usec|time) (\d+)$/m.exec(cpuStat);
  return match ? BigInt(match[2]!) * (match[1] === 'usec' ? 1000n : 1n) : undefined;
}

const v1Files = ['cpu.stat'];
const v2Files = ['cpu.stat', ...pressures.map(([resource]) => `${resource}.pressure`)];

/** @param psi whether to look for PSI: not on v1, not where the kernel has it off */
export function readCgroupFiles(directory: string, psi: boolean): FileTotals {
  const totals: FileTotals = {};
  const [cpuStat, ...pressureTexts] = (psi ? v2Files : v1Files).map((name) => readText(directory, name));
  const throttled = parseThrottled(cpuStat ?? '');
  if (throttled !== undefined) totals.cpuThrottledNs = throttled;
  pressureTexts.forEach((text, index) => {
    for (const [line, counter] of Object.entries(pressures[index]![1]) as ['some' | 'full', FileCounter][]) {
      const total = text === null ? undefined : parsePressureTotal(text, line);
      if (total !== undefined) totals[counter] = total;
    }
  });
  return totals;
}

export const withoutAddon: TotalsReader = {
  read: (directory, psi) => {
    const totals = readCgroupFiles(directory, psi);
    return fileCounters.map((name) => totals[name] ?? null);
  },
  forget: () => {},
  close: () => {},
};
