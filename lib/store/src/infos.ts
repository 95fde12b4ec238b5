/** Which of all that was told of a cgroup counts. */
import type { CgroupInfo, NodeBatch, WindowBatch } from '@dentryscope/contracts';

export type Place = Pick<NodeBatch, 'cluster' | 'node' | 'bootId'>;

export const placeKey = ({ cluster, node, bootId }: Place) => JSON.stringify([cluster, node, bootId]);

interface Ranked {
  readonly removed: boolean;
  /** Start of the window that told it, in Unix milliseconds. */
  readonly atMs: bigint;
}

export interface Told extends Ranked {
  readonly place: Place;
  readonly placeKey: string;
  readonly info: CgroupInfo;
}

/** One a cgroup. Cgroup 0 is nobody's: it has no info. */
export function latestInfos(batches: Iterable<WindowBatch>): Told[] {
  const latest = new Map<string, Told>();
  for (const batch of batches) {
    const place = placeKey(batch);
    for (const info of batch.cgroupInfos) {
      const key = `${place} ${info.id}`;
      const next = { place: batch, placeKey: place, info, removed: info.removed, atMs: batch.windowStartMs };
      const known = latest.get(key);
      if (info.id !== 0n && (!known || outranks(next, known))) latest.set(key, next);
    }
  }
  return [...latest.values()];
}

/** What was told of a cgroup while it lived stays when it is gone; among equals the newest window counts. */
export function outranks(next: Ranked, known: Ranked): boolean {
  return next.removed === known.removed ? next.atMs >= known.atMs : known.removed;
}
