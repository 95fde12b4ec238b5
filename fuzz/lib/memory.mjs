/** Memory after a collection: what is left is what somebody holds. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const MiB = 2 ** 20;

/**
 * Heap: one pointer kept for each of 900,000 messages is 7 MiB; compiled code and its feedback, which come and go, are
 * below 3. RSS: V8 and malloc keep pages of the largest messages (some MiB each with what is decoded of them) for later,
 * and when they give them back is theirs to say.
 */
export const mostGrowthMiB = { heap: 4, rss: 64 };

export function memory() {
  collect();
  collect(); // what the first one's finalizers let go
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapMiB: (heapUsed + external) / MiB, rssMiB: rss / MiB };
}

export const rssMiB = () => process.memoryUsage.rss() / MiB;

/** @returns what grew too much, or undefined */
export function grown(early, late) {
  const heap = late.heapMiB - early.heapMiB;
  const rss = late.rssMiB - early.rssMiB;
  if (heap <= mostGrowthMiB.heap && rss <= mostGrowthMiB.rss) return undefined;
  return (
    `memory grew from the first tenth to the end: heap by ${heap.toFixed(1)} MiB (at most ${mostGrowthMiB.heap}), ` +
    `RSS by ${rss.toFixed(1)} MiB (at most ${mostGrowthMiB.rss})`
  );
}
