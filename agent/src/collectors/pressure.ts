/** /proc/pressure (Documentation/accounting/psi.rst): `total=` is stall time in microseconds since the boot. */
import { readProc } from './proc.js';

export type PressureKey =
  'psiCpuSomeNs' | 'psiMemorySomeNs' | 'psiMemoryFullNs' | 'psiIoSomeNs' | 'psiIoFullNs';
export type Pressure = Partial<Record<PressureKey, bigint>>;

/** `full` of cpu is undefined at the system level (psi.rst), so it is not read. */
export const pressureLines: readonly (readonly [file: string, line: 'some' | 'full', key: PressureKey])[] = [
  ['cpu', 'some', 'psiCpuSomeNs'],
  ['memory', 'some', 'psiMemorySomeNs'],
  ['memory', 'full', 'psiMemoryFullNs'],
  ['io', 'some', 'psiIoSomeNs'],
  ['io', 'full', 'psiIoFullNs'],
];

const totalOf = { some: /^some .*total=(\d+)$/m, full: /^full .*total=(\d+)$/m };

/** @returns nanoseconds since the boot */
export function parsePressureTotal(text: string, line: 'some' | 'full'): bigint | undefined {
  const match = totalOf[line].exec(text);
  return match ? BigInt(match[1]!) * 1000n : undefined;
}

export function readPressure(procRoot: string): Pressure {
  const totals: Pressure = {};
  for (const [file, line, key] of pressureLines) {
    const text = readProc(procRoot, `pressure/${file}`);
    const total = text === undefined ? undefined : parsePressureTotal(text, line);
    if (total !== undefined) totals[key] = total;
  }
  return totals;
}
