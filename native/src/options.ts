import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NativeOptions, NativeSchedOptions } from './addon.js';
import type { SchedOptions } from './sched.js';
import { hookNames, type Backend, type LiveOptions, type OpenOptions } from './types.js';

const BACKENDS: readonly Backend[] = ['fentry', 'kprobe', 'tracepoint'];
const MAX_V1 = 3;

function integer(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
}

function some<T extends string>(name: string, wanted: readonly T[], known: readonly T[]): readonly T[] {
  const wrong = wanted.find((one) => !known.includes(one));
  if (wrong !== undefined) throw new RangeError(`${name}: "${wrong}" is none of ${known.join(', ')}`);
  if (wanted.length === 0) throw new RangeError(`${name} must name at least one`);
  return wanted;
}

function ringBytes(value: number): number {
  integer('eventRingBytes', value, 4096, 1 << 30);
  if ((value & (value - 1)) === 0) return value;
  throw new RangeError(`eventRingBytes must be a power of two, not ${value}`);
}

/** Lines of /proc/cgroups: name, hierarchy, number of cgroups, enabled. Hierarchy 0 is v2 or not mounted. */
function v1Mounted(): Set<string> {
  const lines = readFileSync('/proc/cgroups', 'utf8').trim().split('\n').slice(1);
  const fields = lines.map((line) => line.split('\t'));
  return new Set(fields.filter(([, hierarchy]) => hierarchy !== '0').map(([name]) => name ?? ''));
}

/**
 * Only what is mounted as v1 may be asked: for a controller of v2 the kernel gives the nearest ancestor that has it
 * enabled, not the task's own cgroup.
 */
function v1Controllers(wanted: readonly string[] = ['memory', 'pids', 'cpu']): readonly string[] {
  if (wanted.length > MAX_V1) throw new RangeError(`v1Controllers: at most ${MAX_V1}, not ${wanted.length}`);
  const mounted = v1Mounted();
  return wanted.filter((name) => mounted.has(name));
}

function live({ maxSamples = 16_384, shift = 8, seed = randomBytes(8).readBigUInt64LE() }: LiveOptions) {
  return {
    maxSamples: integer('live.maxSamples', maxSamples, 64, 1 << 20),
    shift: integer('live.shift', shift, 0, 32),
    seed,
  };
}

/** Checks what the caller gave and fills in the rest. Throws RangeError. */
export function nativeOptions(options: OpenOptions): NativeOptions {
  return {
    bpfDir:
      options.bpfDir ??
      process.env['DENTRYSCOPE_BPF_DIR'] ??
      fileURLToPath(new URL('../../bpf/build', import.meta.url)),
    backends: some('backends', options.backends ?? BACKENDS, BACKENDS),
    hooks: some('hooks', options.hooks ?? hookNames, hookNames),
    maxCgroups: integer('maxCgroups', options.maxCgroups ?? 4096, 1, 1 << 20),
    live: live(options.live ?? {}),
    eventRingBytes: ringBytes(options.eventRingBytes ?? 1 << 20),
    preferV1: options.preferV1 ?? false,
    v1Controllers: v1Controllers(options.v1Controllers),
  };
}

/** The same for the sched probe. Throws RangeError. */
export function schedOptions(options: SchedOptions): NativeSchedOptions {
  const { bpfDir, maxCgroups, preferV1, v1Controllers: v1 } = nativeOptions(options);
  return {
    bpfDir,
    maxCgroups,
    preferV1,
    v1Controllers: v1,
    maxThreads: integer('maxThreads', options.maxThreads ?? 131_072, 64, 1 << 22),
    runQueueStallNs: options.runQueueStallNs ?? 1_000_000_000n,
    lockStallNs: options.lockStallNs ?? 10_000_000n,
  };
}
