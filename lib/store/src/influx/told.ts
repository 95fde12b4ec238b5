import { HOUR_MS } from '../hour.js';
import type { Told } from '../infos.js';
import { IdTable } from './id-table.js';

const DAY_MS = 24 * HOUR_MS;
/** By what this clock may be ahead of InfluxDB's, so that what is written again is in the shard that begins then. */
const SLACK_MS = 300_000;

/**
 * How often all is written again, since it expires in a bucket. InfluxDB drops whole shards, of an hour where it keeps less than
 * two days, else of whole days: as each begins with a copy, figures never stay longer than what was told of their cgroups.
 * A fourteenth of a week, as names are told again: few copies are kept.
 */
export function repeatMs(retentionMs = Infinity): number {
  if (retentionMs < 2 * DAY_MS) return HOUR_MS;
  return retentionMs < 14 * DAY_MS ? DAY_MS / 2 : DAY_MS;
}

/** What was written lately, so that the repetitions of the agents cost nothing. Some 32 to 64 bytes a living cgroup. */
export class ToldLately {
  private readonly places = new Map<string, IdTable>();
  private period = 0;

  /** @param now Unix milliseconds */
  constructor(
    private readonly everyMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Those that were not written yet, or differ from what was, each with what `add` has to be given. */
  newIn(told: readonly Told[]): { told: Told; hash: number }[] {
    this.forget();
    const hashed = told.map((one) => ({ told: one, hash: hashOf(one) }));
    return hashed.filter(({ told, hash }) => this.places.get(told.placeKey)?.get(told.info.id) !== hash);
  }

  /** To be called when they are written. Also removed ones are heard of again, while they hold dentries. */
  add(written: ReturnType<ToldLately['newIn']>): void {
    for (const { told, hash } of written) {
      const { placeKey: key, info } = told;
      const hashes = this.places.get(key) ?? new IdTable();
      this.places.set(key, hashes);
      hashes.set(info.id, hash);
    }
  }

  private forget(): void {
    const period = Math.floor((this.now() - SLACK_MS) / this.everyMs);
    if (period === this.period) return;
    this.period = period;
    this.places.clear();
  }
}

/** 53 bits (two runs of FNV-1a): a change that hashes alike would be written a period later. */
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
