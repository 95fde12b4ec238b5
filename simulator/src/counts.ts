/** What happens to dentries so that a population becomes another: the books of docs/metrics.md hold by construction. */

/** Dentries that are there, and those of them without an inode. */
export interface Population {
  readonly dentries: number;
  readonly negative: number;
}

export const nobody: Population = { dentries: 0, negative: 0 };

/** By the names of the wire's columns. */
export const counters = [
  'dentriesAllocated',
  'dentriesFreed',
  'negativeByLookup',
  'negativeByUnlink',
  'instantiated',
  'positiveByLookup',
  'negativesFreed',
] as const;
export type Counts = Readonly<Record<(typeof counters)[number], number>>;

/** Of the names that end up negative, the part whose file was there for a while. */
const TEMPORARY = 0.6;
/** Of the names that end up positive, the part that was made, not found. */
const CREATED = 0.4;

const none: Counts = Object.fromEntries(counters.map((name) => [name, 0])) as unknown as Counts;

export function add(...all: readonly Counts[]): Counts {
  const sums = counters.map((name) => [name, all.reduce((total, counts) => total + counts[name], 0)]);
  return Object.fromEntries(sums) as unknown as Counts;
}

/** New names: a dentry is born by a lookup, which finds the name or not; a create gives the latter an inode. */
function made(positive: number, negative: number): Counts {
  const created = Math.floor(positive * CREATED);
  const temporary = Math.floor(negative * TEMPORARY);
  return {
    ...none,
    dentriesAllocated: positive + negative,
    positiveByLookup: positive - created,
    negativeByLookup: created + negative,
    instantiated: created + temporary,
    negativeByUnlink: temporary,
  };
}

export const freed = (dentries: number, negative: number): Counts => ({
  ...none,
  dentriesFreed: dentries,
  negativesFreed: negative,
});

/** Made and freed again within the window. */
export function passed(dentries: number, negativeShare: number): Counts {
  const negative = Math.floor(dentries * negativeShare);
  return add(made(dentries - negative, negative), freed(dentries, negative));
}

/** From one population to a smaller or larger one of about the same mixture. */
export function changed(before: Population, now: Population): Counts {
  const dentries = now.dentries - before.dentries;
  const negative = now.negative - before.negative;
  return dentries < 0 ? freed(-dentries, -negative) : made(dentries - negative, negative);
}
