/** All node-level gauges of one moment. A collector that fails leaves its fields absent and says why. */
import type { NodeBatchInit } from '@dentryscope/contracts';
import { readDentryState } from './dentry-state.js';
import { readMeminfo } from './meminfo.js';
import { readPressure } from './pressure.js';
import type { Pressure, PressureKey } from './pressure.js';
import { readProc } from './proc.js';
import { readSlabinfo } from './slabinfo.js';

export type NodeStateInit = Exclude<NonNullable<NodeBatchInit['state']>, { $typeName: string }>;

export interface NodeReading {
  readonly state: NodeStateInit;
  /** Cumulative; the window's delta is what goes out. */
  readonly pressure: Pressure;
  readonly failures: readonly string[];
}

export function readNode(procRoot: string, kernelRelease: string): NodeReading {
  const failures: string[] = [];
  const attempt = <T>(what: string, read: () => T | undefined): T | undefined => {
    try {
      return read();
    } catch (error) {
      failures.push(`${what} can't be read: ${(error as Error).message}`);
      return undefined;
    }
  };
  const dentries = attempt('dentry-state', () => readDentryState(procRoot, kernelRelease));
  const slabCaches = attempt('slabinfo', () => readSlabinfo(procRoot));
  const memory = attempt('meminfo', () => readMeminfo(procRoot));
  const pressure = attempt('pressure', () => readPressure(procRoot)) ?? {};
  const vfs = attempt('vfs_cache_pressure', () => readProc(procRoot, 'sys/vm/vfs_cache_pressure'));
  const state: NodeStateInit = { ...memory, slabCaches: slabCaches ?? [] };
  if (dentries) Object.assign(state, withoutAbsent({ ...dentries }));
  if (vfs !== undefined) state.vfsCachePressure = Number(vfs);
  return { state, pressure, failures };
}

/** @returns nanoseconds of stall within the window; a total that went back (never seen) counts as absent. */
export function pressureDelta(before: Pressure, now: Pressure): Pressure {
  const delta: Pressure = {};
  for (const key of Object.keys(now) as PressureKey[]) {
    const was = before[key];
    if (was !== undefined && now[key]! >= was) delta[key] = now[key]! - was;
  }
  return delta;
}

function withoutAbsent<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
