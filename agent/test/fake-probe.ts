/** A dentry probe that says what a test wants: see dentry-signal.test.ts. */
import { ageBoundsSeconds, counters } from '@dentryscope/native';
import type { Drained, LiveByAge } from '@dentryscope/native';

export class FakeProbe {
  readonly hooks = [];
  cgroupEventsLost = 0n;
  readonly forgotten: bigint[] = [];
  ids: readonly bigint[] = [];
  /** Dentries that a cgroup has allocated so far. */
  allocatedBy = (id: bigint): bigint => id * 100n;
  overflow: bigint | null = 0n;
  totals: Drained['totals'] = { allocatedAll: 0n, freedAll: 0n, oldDied: 0n, oldDiedVariance: 0n };
  /** Sampled dentries, each by the id of who made it. */
  sampled: readonly bigint[] | null = [];
  shift = 6;
  birthsLost = 0n;

  drain(): Drained {
    const each = <T>(value: T) => Object.fromEntries(counters.map((name) => [name, value]));
    return {
      ids: BigUint64Array.from(this.ids),
      columns: {
        ...each(null),
        dentriesAllocated: BigUint64Array.from(this.ids, (id) => this.allocatedBy(id)),
      },
      overflow: { ...each(null), dentriesAllocated: this.overflow },
      totals: this.totals,
    } as Drained;
  }

  /** All of them just born. */
  liveByAge(): LiveByAge | null {
    if (!this.sampled) return null;
    const ids = [...new Set(this.sampled)];
    const samples = ids.flatMap((id) => {
      const newborn = this.sampled!.filter((one) => one === id).length;
      return [newborn, ...ageBoundsSeconds.map(() => 0)];
    });
    return {
      shift: this.shift,
      ids: BigUint64Array.from(ids),
      samples: Uint32Array.from(samples),
      lost: this.birthsLost,
    };
  }

  forget(ids: Iterable<bigint>): void {
    this.forgotten.push(...ids);
    this.ids = this.ids.filter((id) => !this.forgotten.includes(id));
  }
}
