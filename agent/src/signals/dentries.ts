/** Who makes dentries, who frees them, who holds them; and the books of the node. */
import { ageBoundsSeconds, counters, estimateByAge } from '@dentryscope/native';
import type { DentryProbe, Drained } from '@dentryscope/native';
import { readDentryState } from '../collectors/dentry-state.js';
import type { Counted, Measured, Signal, SignalSample } from '../signal.js';

export interface DentryFacts {
  readonly procRoot: string;
  readonly kernelRelease: string;
}

/** What the books and the estimate of the old count from. */
interface Mark {
  readonly allocatedAll: bigint | null;
  readonly freedAll: bigint | null;
  readonly nrDentry: bigint | undefined;
}

/** At most, for a moment in which nothing happens. */
const READINGS = 5;

/** The overflow is a cgroup among the others. */
const OVERFLOW_ID = 0n;

export class DentrySignal implements Signal {
  /** Dentries that were there when the sampling began. */
  readonly #oldest: bigint | undefined;
  #before: Mark;
  #holders: readonly bigint[];
  #birthsLost = 0n;

  constructor(
    private readonly probe: DentryProbe,
    private readonly facts: DentryFacts,
    /** As the agent before told them: what they hold is older than this one. */
    holders: readonly bigint[] = [],
  ) {
    this.#holders = holders;
    this.#before = this.#read().mark;
    this.#oldest = this.#before.nrDentry;
  }

  hooks() {
    return this.probe.hooks;
  }

  sample(): SignalSample {
    const { drained, mark } = this.#read();
    const holders = this.#live();
    return {
      counted: withOverflow(drained),
      ...(holders && {
        measured: holders.measured,
        fields: { liveAges: holders.ages },
        notes: { holders: holders.living },
      }),
      state: { ...totals(this.#before, mark), ...this.#old(drained) },
      keep: () => {
        this.#before = mark;
        if (holders) this.#holders = holders.living;
      },
    };
  }

  forget(ids: readonly bigint[]): void {
    this.probe.forget(ids);
  }

  problems(): readonly string[] {
    const lost = this.probe.cgroupEventsLost;
    const births = this.#birthsLost;
    return [
      ...(lost > 0n
        ? [`${lost} births and deaths of cgroups were missed: one that lived shortly has no name`]
        : []),
      ...(births > 0n
        ? [
            `${births} sampled dentries found no room (DENTRYSCOPE_LIVE_MAX_SAMPLES): holders hold more than is told`,
          ]
        : []),
    ];
  }

  close(): void {
    this.probe.close();
  }

  /**
   * Counts and nr_dentry of one moment: what was allocated or freed between two readings would stand in the books until
   * the next window. On a node that never rests for the time of a reading it does.
   */
  #read(): { drained: Drained; mark: Mark } {
    let drained = this.probe.drain();
    for (let attempt = 1; ; attempt++) {
      const nrDentry = this.#nrDentry();
      const { allocatedAll, freedAll } = drained.totals;
      const again = this.probe.drain();
      const still = again.totals.allocatedAll === allocatedAll && again.totals.freedAll === freedAll;
      if (still || attempt === READINGS) return { drained, mark: { allocatedAll, freedAll, nrDentry } };
      drained = again;
    }
  }

  #nrDentry(): bigint | undefined {
    return readDentryState(this.facts.procRoot, this.facts.kernelRelease)?.nrDentry;
  }

  /** Who held some in the last window and holds none now is told once more, with 0. */
  #live() {
    const nowNs = process.hrtime.bigint();
    const sample = this.probe.liveByAge(nowNs);
    if (!sample) return undefined;
    this.#birthsLost = sample.lost;
    const { ids: living, dentries, standardErrors, ages } = estimateByAge(sample);
    const holds = new Set(living);
    const gone = this.#holders.filter((id) => !holds.has(id));
    const zeros = gone.map(() => 0n);
    const measured: Measured = {
      ids: [...living, ...gone],
      columns: {
        liveDentriesEstimate: [...dentries, ...zeros],
        liveDentriesStandardError: [...standardErrors, ...zeros],
      },
    };
    const boundsSeconds = ageBoundsSeconds.map(BigInt);
    return { measured, living, ages: { ids: [...living], boundsSeconds, dentries: [...ages] } };
  }

  #old({ totals: { oldDied, oldDiedVariance } }: Drained) {
    if (this.#oldest === undefined || oldDied === null || oldDiedVariance === null) return {};
    const left = this.#oldest - oldDied;
    return {
      dentriesBeforeAgentEstimate: left > 0n ? left : 0n,
      dentriesBeforeAgentStandardError: BigInt(Math.ceil(Math.sqrt(Number(oldDiedVariance)))),
    };
  }
}

function withOverflow({ ids, columns, overflow }: Drained): Counted {
  const extended = counters.map((name) => {
    const column = columns[name];
    return [name, column && BigUint64Array.from([...column, overflow[name] ?? 0n])] as const;
  });
  return { ids: BigUint64Array.from([...ids, OVERFLOW_ID]), columns: Object.fromEntries(extended) };
}

function totals(before: Mark, now: Mark) {
  const allocated = now.allocatedAll === null ? undefined : now.allocatedAll - (before.allocatedAll ?? 0n);
  const freed = now.freedAll === null ? undefined : now.freedAll - (before.freedAll ?? 0n);
  const grown =
    now.nrDentry === undefined || before.nrDentry === undefined ? undefined : now.nrDentry - before.nrDentry;
  const kept = allocated !== undefined && freed !== undefined && grown !== undefined;
  return {
    ...(allocated === undefined ? {} : { dentriesAllocated: allocated }),
    ...(freed === undefined ? {} : { dentriesFreed: freed }),
    ...(kept ? { dentriesUnexplained: allocated - freed - grown } : {}),
  };
}
