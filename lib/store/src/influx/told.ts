import type { Told } from '../infos.js';
import { IdTable } from './id-table.js';

/** After this long a cgroup is written again when its agent repeats it: what expires in a bucket comes back. */
const FORGET_MS = 3_600_000;

/** What was written lately, so that the repetitions of the agents cost nothing. Some 32 to 64 bytes a living cgroup. */
export class ToldLately {
  private readonly places = new Map<string, { sinceMs: number; hashes: IdTable }>();
  private sweptMs = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Those that were not written yet, or differ from what was, each with what `add` has to be given. */
  newIn(told: readonly Told[]): { told: Told; hash: number }[] {
    this.sweep();
    const hashed = told.map((one) => ({ told: one, hash: hashOf(one) }));
    return hashed.filter(
      ({ told, hash }) => this.places.get(told.placeKey)?.hashes.get(told.info.id) !== hash,
    );
  }

  /** To be called when they are written. A removed cgroup is not heard of again. */
  add(written: ReturnType<ToldLately['newIn']>): void {
    for (const { told, hash } of written) {
      const { placeKey: key, info } = told;
      const place = this.places.get(key) ?? { sinceMs: this.now(), hashes: new IdTable() };
      this.places.set(key, place);
      if (told.removed) place.hashes.delete(info.id);
      else place.hashes.set(info.id, hash);
    }
  }

  private sweep(): void {
    const now = this.now();
    if (now - this.sweptMs < FORGET_MS / 60) return;
    this.sweptMs = now;
    for (const [key, { sinceMs }] of this.places) if (now - sinceMs > FORGET_MS) this.places.delete(key);
  }
}

/** 53 bits (two runs of FNV-1a): a change that hashes alike would be written FORGET_MS later. */
function hashOf({ info, removed }: Told): number {
  const text = JSON.stringify([info.path, info.hierarchy, info.podUid, info.containerId, removed]);
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(i), 0x85ebca6b);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
