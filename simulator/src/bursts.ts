/** Some nodes lose a part of their dentries now and then: to a container's memory limit, or to drop_caches. */
import type { ReclaimKind } from '@dentryscope/contracts';
import { whole } from './random.js';

/** In windows: at `from`, and every `period` after it. */
export interface Bursts {
  readonly kind: ReclaimKind & ('direct' | 'drop_caches');
  readonly period: number;
  readonly from: number;
  /** Others wait for the reclaim's locks; without it a burst harms nobody. */
  readonly stalls: boolean;
}

const PERIOD = 60;
/** Windows until all has grown back, and the part that a burst takes. */
const REGROWN = 12;
const TAKEN = 0.35;

/** Of every ten nodes a database that meets its limit, and a batch node whose operator drops caches. */
const kindsByIndex: readonly (Bursts['kind'] | undefined)[] = ['direct', 'drop_caches'];

/** Of the first twenty nodes one of each kind with stalls, and one of each without. */
const STALLING: readonly number[] = [0, 11];

export function planBursts(index: number, seed: number): Bursts | undefined {
  const kind = kindsByIndex[index % 10];
  return (
    kind && {
      kind,
      period: PERIOD,
      from: whole(15, PERIOD - 1, seed, 14),
      stalls: STALLING.includes(index % 20),
    }
  );
}

const since = ({ period, from }: Bursts, window: number) =>
  window < from ? Infinity : (window - from) % period;

export const burstAt = (bursts: Bursts | undefined, window: number) =>
  bursts && since(bursts, window) === 0 ? bursts.kind : undefined;

/** The part of what its containers hold that is there at a window's end. */
export function keptAt(bursts: Bursts | undefined, window: number): number {
  const age = bursts ? since(bursts, window) : Infinity;
  return age < REGROWN ? 1 - TAKEN * (1 - age / REGROWN) : 1;
}
