/** Throttling and PSI of cgroups. */
import { join } from 'node:path';
import type { CgroupRecord, Hierarchies } from '@dentryscope/identity';
import { fileCounters, withoutAddon } from '../collectors/cgroup-files.js';
import type { TotalsReader } from '../collectors/cgroup-files.js';
import { readProc } from '../collectors/proc.js';
import type { Counted, Signal, SignalSample } from '../signal.js';
import { RisingTotals } from './rising-totals.js';

/** Read each window: containers and pods first, then what else there is. */
const MAX_CGROUPS = 1_024;

export interface CgroupFilesOptions {
  readonly procRoot: string;
  readonly hierarchies: () => Hierarchies;
  /** All that live. */
  readonly cgroups: () => readonly CgroupRecord[];
  /** The addon's, where there is one. */
  readonly reader?: TotalsReader;
}

interface Row {
  readonly id: bigint;
  readonly totals: readonly (bigint | null)[];
}

export class CgroupFilesSignal implements Signal {
  readonly #psi: boolean;
  readonly #reader: TotalsReader;
  readonly #rising: RisingTotals;
  readonly #directories = new Map<bigint, string>();
  #failure: string | undefined;
  #leftOut = 0;

  constructor(private readonly options: CgroupFilesOptions) {
    this.#reader = options.reader ?? withoutAddon;
    this.#psi = readProc(options.procRoot, 'pressure/cpu') !== undefined;
    this.#rising = new RisingTotals(new Set(options.cgroups().map(({ id }) => id)));
    for (const { id, totals } of this.#read()) this.#rising.told(id, totals);
  }

  /** No hooks: files. */
  hooks() {
    return [];
  }

  sample(): SignalSample {
    return { counted: this.#counted(), keep: () => {} };
  }

  forget(ids: readonly bigint[]): void {
    for (const id of ids) {
      this.#reader.forget(this.#directories.get(id) ?? '');
      this.#directories.delete(id);
      this.#rising.forget(id);
    }
  }

  problems(): readonly string[] {
    return [
      ...(this.#failure === undefined ? [] : [`files of cgroups can't be read: ${this.#failure}`]),
      ...(this.#leftOut > 0
        ? [`throttling and PSI of ${this.#leftOut} cgroups that are no containers are not read`]
        : []),
    ];
  }

  close(): void {
    this.#reader.close();
  }

  #counted(): Counted {
    const rows = this.#read();
    const told = rows.map(({ id, totals }) => this.#rising.told(id, totals));
    // null: no cgroup's files say it.
    const columns = fileCounters.map((name, i) => {
      const seen = rows.some(({ totals }) => totals[i] !== null);
      return [name, seen ? BigUint64Array.from(told, (totals) => totals[i]!) : null] as const;
    });
    return { ids: BigUint64Array.from(rows, ({ id }) => id), columns: Object.fromEntries(columns) };
  }

  #read(): Row[] {
    this.#failure = undefined;
    return this.#chosen().flatMap(({ id, directory, psi }) => {
      try {
        const totals = this.#reader.read(directory, psi);
        this.#directories.set(id, directory);
        return totals.some((total) => total !== null) ? [{ id, totals }] : [];
      } catch (error) {
        this.#failure = (error as Error).message;
        return [];
      }
    });
  }

  #chosen() {
    const rank = ({ containerId, podUid }: CgroupRecord) => (containerId ? 0 : podUid ? 1 : 2);
    const known = this.options.cgroups().flatMap((record) => {
      const place = this.#place(record);
      return place ? [{ id: record.id, rank: rank(record), ...place }] : [];
    });
    const containers = known.filter((one) => one.rank < 2);
    const others = known
      .filter((one) => one.rank === 2)
      .slice(0, Math.max(0, MAX_CGROUPS - containers.length));
    this.#leftOut = known.length - containers.length - others.length;
    return [...containers, ...others];
  }

  #place({ hierarchy, path }: CgroupRecord): { directory: string; psi: boolean } | undefined {
    const { v2, v1 } = this.options.hierarchies();
    if (hierarchy === 'v2')
      return v2 === undefined ? undefined : { directory: join(v2, path), psi: this.#psi };
    if (!hierarchy.split(',').includes('cpu')) return undefined;
    const mount = v1.find(({ controllers }) => controllers === hierarchy);
    return mount && { directory: join(mount.path, path), psi: false };
  }
}
