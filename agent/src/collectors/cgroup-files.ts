/** What a cgroup's own files say: cpu.stat, and PSI on v2 (Documentation/admin-guide/cgroup-v2.rst). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePressureTotal, pressureLines } from './pressure.js';

export const fileCounters = ['cpuThrottledNs', ...pressureLines.map(([, , key]) => key)] as const;

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

const pressureFiles = [...new Set(pressureLines.map(([resource]) => resource))];

/** Opens each file anew. */
export const withoutAddon: TotalsReader = {
  read: (directory, psi) => {
    const throttled = parseThrottled(readText(directory, 'cpu.stat') ?? '');
    const texts = new Map(
      psi ? pressureFiles.map((resource) => [resource, readText(directory, `${resource}.pressure`)]) : [],
    );
    const pressures = pressureLines.map(([resource, line]) =>
      parsePressureTotal(texts.get(resource) ?? '', line),
    );
    return [throttled, ...pressures].map((total) => total ?? null);
  },
  forget: () => {},
  close: () => {},
};
