/** A fleet of simulated nodes: a pure function of its options, window by window. */
import type { NodeBatch } from '@dentryscope/contracts';
import { batchOf } from './batch.js';
import { namesOf, newNamesOf, ownersOf } from './names.js';
import type { ContainerName } from './names.js';
import { planNodes } from './plan.js';
import type { FleetOptions, NodePlan } from './plan.js';
import { addUp, truthOf } from './truth.js';
import type { Truth, WindowRange } from './truth.js';

export interface Fleet {
  readonly options: FleetOptions;
  readonly nodes: readonly NodePlan[];
  /** One batch a node whose agent was there. Any window in any order; always the same, byte for byte. */
  window(window: number): NodeBatch[];
  /** The sums of these windows. Takes as long as making them does. */
  truth(windows: WindowRange): Truth;
  /** Who the containers are that lived in these windows. */
  containerNames(windows: WindowRange): ContainerName[];
  /** Of those, the ones that did not live in the window before; in window 0 all. */
  newContainerNames(window: number): ContainerName[];
}

/** @throws OptionError */
export function createFleet(options: FleetOptions): Fleet {
  checkOptions(options);
  const nodes = planNodes(options);
  const window = (k: number) => nodes.flatMap((node) => batchOf(node, k, options) ?? []);
  return {
    options,
    nodes,
    window,
    containerNames: (windows) => namesOf(nodes, windows),
    newContainerNames: (k) => newNamesOf(nodes, k),
    truth: (windows) => truthOf(windows, addUp(batchesOf(window, windows), ownersOf(nodes, windows))),
  };
}

function* batchesOf(window: (k: number) => NodeBatch[], { from, to }: WindowRange) {
  for (let k = from; k < to; k++) yield* window(k);
}

/** An option that no fleet can have; the message begins with its name. */
export class OptionError extends RangeError {
  override readonly name = 'OptionError';

  constructor(
    readonly option: keyof typeof limits,
    why: string,
  ) {
    super(`${option} ${why}`);
  }
}

const limits = {
  nodes: [1, 1_000_000],
  cgroupsPerNode: [1, 100_000],
  seed: [0, Number.MAX_SAFE_INTEGER],
  windowMs: [1, 86_400_000],
  startMs: [1, 253_402_300_799_000],
  maxClockSkewMs: [0, 86_400_000],
} as const;

function checkOptions(options: FleetOptions): void {
  for (const [name, [least, most]] of Object.entries(limits)) {
    const value = options[name as keyof typeof limits] ?? 0;
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw new OptionError(
        name as keyof typeof limits,
        `is ${value}; it has to be a whole number from ${least} to ${most}`,
      );
  }
}

export interface StartOptions {
  readonly nowMs: number;
  readonly windowMs: number;
  /** How much history a first look finds, milliseconds. */
  readonly backfillMs: number;
  /** Where an earlier run under the same node names left off (its last windowEndMs): windows must not overlap. */
  readonly notBeforeMs?: number;
}

/** @returns a start of window 0, Unix milliseconds on a multiple of the window, such that the past is filled */
export function backfilledStart({ nowMs, windowMs, backfillMs, notBeforeMs = 0 }: StartOptions): number {
  return Math.max(Math.floor((nowMs - backfillMs) / windowMs), Math.ceil(notBeforeMs / windowMs)) * windowMs;
}
