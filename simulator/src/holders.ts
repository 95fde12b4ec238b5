/** Who holds dentries, as an agent estimates it from the addresses it samples. */
import type { CgroupActivity } from './activity.js';
import { random } from './random.js';

/** What an agent with DENTRYSCOPE_LIVE_MAX_SAMPLES=65536 keeps before it halves its rate. */
const SAMPLES = 49_152;

export interface Estimate {
  readonly dentries: bigint;
  readonly standardError: bigint;
}

/** One dentry in 2^shift is sampled: all of them on a small node. */
export function shiftFor(dentries: number): number {
  return Math.max(0, Math.ceil(Math.log2(dentries / SAMPLES)));
}

/** The error that sampling made stays with a cgroup, as it does where addresses are chosen by their hash. */
export function estimate({ id, holds, gone }: CgroupActivity, shift: number): Estimate {
  if (gone || holds === 0) return { dentries: 0n, standardError: 0n };
  const mean = holds / 2 ** shift;
  const left = 1 - 1 / 2 ** shift;
  const samples = Math.max(0, Math.round(mean + normal(id) * Math.sqrt(mean * left)));
  return { dentries: BigInt(samples * 2 ** shift), standardError: standardError(samples, shift) };
}

/** As the agent's own (native/src/live.ts): a third of the 3-sigma score interval; 0 where all are sampled. */
function standardError(samples: number, shift: number): bigint {
  const left = 1 - 1 / 2 ** shift;
  return BigInt(Math.ceil(2 ** shift * (1.5 * left + Math.sqrt(samples * left + 2.25 * left * left))));
}

/** Nearly normal, of variance 1: the sum of four even ones. */
function normal(id: bigint): number {
  const keys = [Number(id & 0xffff_ffffn), Number(id >> 32n)];
  const sum = [0, 1, 2, 3].reduce((total, n) => total + random(...keys, n), 0);
  return (sum - 2) * Math.sqrt(3);
}
