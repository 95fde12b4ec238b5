import { placeKey } from '../infos.js';
import type { Told } from '../infos.js';

/** After this long a cgroup is written again when its agent repeats it: what expires in a bucket comes back. */
const FORGET_MS = 3_600_000;

/** What was written lately, so that the repetitions of the agents cost nothing. Some 100 bytes a living cgroup. */
export class ToldLately {
  private readonly places = new Map<string, { sinceMs: number; hashes: Map<bigint, number> }>();
  private sweptMs = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Those that were not written yet, or differ from what was. */
  newIn(told: readonly Told[]): Told[] {
    this.sweep();
    return told.filter(
      (one) => this.places.get(placeKey(one.place))?.hashes.get(one.info.id) !== hashOf(one),
    );
  }

  /** To be called when they are written. A removed cgroup is not heard of again. */
  add(told: readonly Told[]): void {
    for (const one of told) {
      const key = placeKey(one.place);
      const place = this.places.get(key) ?? { sinceMs: this.now(), hashes: new Map<bigint, number>() };
      this.places.set(key, place);
      if (one.removed) place.hashes.delete(one.info.id);
      else place.hashes.set(one.info.id, hashOf(one));
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
