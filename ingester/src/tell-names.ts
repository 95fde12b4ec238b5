/** Names from the cluster, told again before they leave a store that drops all things by their age. */
import type { ContainerName } from '@dentryscope/store';
import type { NameSource } from './ingester.js';

/**
 * Of the retention: at any time a name that is needed has been told lately, and few copies of it are kept. Windows of 7 days are
 * rolled up when they are 6 days and up to 2 hours old; the last name of a pod that was gone then is at most 12 hours older.
 */
const TIMES = 14;
/** setTimeout takes no more. */
const MOST_MS = 2 ** 31 - 1;

/** @param retentionMs of a store whose names go as its windows do; undefined: they are kept. @returns the way to stop it */
export function tellNames(
  source: Pick<NameSource, 'subscribe'>,
  listener: (names: readonly ContainerName[]) => void,
  retentionMs: number | undefined,
): () => void {
  let unsubscribe = source.subscribe(listener);
  if (retentionMs === undefined) return () => unsubscribe();
  const again = () => {
    unsubscribe();
    unsubscribe = source.subscribe(listener);
  };
  const timer = setInterval(again, Math.min(retentionMs / TIMES, MOST_MS)).unref();
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}
