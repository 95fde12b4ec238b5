/**
 * Throttling and PSI of cgroups. A cgroup's PSI contains that of those below it, so it is told of the innermost only: figures
 * of a pod, a workload or a node are sums, in which nothing may be twice. Throttling is each cgroup's own.
 */
import { join } from 'node:path';
import type { CgroupRecord, Hierarchies } from '@dentryscope/identity';
import { fileCounters, withoutAddon } from '../collectors/cgroup-files.js';
import type { TotalsReader } from '../collectors/cgroup-files.js';
import { readProc } from '../collectors/proc.js';
import type { Counted, Signal, SignalSample } from '../signal.js';
import { RisingTotals } from './rising-totals.js';
import type { Totals } from './rising-totals.js';

/** Read each window: containers and pods first, then what else there is. */
const MAX_CGROUPS = 1_024;
const notRead: Totals = fileCounters.map(() => undefined);
/** Of `fileCounters` the only one that is not PSI. */
const THROTTLED = fileCounters.indexOf('cpuThrottledNs');

export interface CgroupFilesOptions {
  readonly procRoot: string;
  readonly hierarchies: () => Hierarchies;
  /** All that live. */
  readonly cgroups: () => readonly CgroupRecord[];
  /** The addon's, where there is one. */
  readonly reader?: TotalsReader;
}

/** Each window, of each cgroup: node:path's dirname looks at every character. */
const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'));

interface Row {
  readonly id: bigint;
  readonly totals: Totals;
}

interface Place {
  readonly directory: string;
  readonly psi: boolean;
}

/** What is read, and for which cgroups and mounts that was chosen. */
interface Choice {
  readonly cgroups: readonly CgroupRecord[];
  readonly v2: Hierarchies['v2'];
  readonly v1: Hierarchies['v1'];
  readonly places: readonly (Place & { readonly id: bigint })[];
}

const isSame = (some: readonly CgroupRecord[], others: readonly CgroupRecord[]) =>
  some.length === others.length && some.every((record, i) => record === others[i]);

export class CgroupFilesSignal implements Signal {
  readonly #psi: boolean;
  readonly #reader: TotalsReader;
  readonly #rising: RisingTotals;
  readonly #directories = new Map<bigint, string>();
  #choice: Choice | undefined;
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
      const seen = rows.some(({ totals }) => typeof totals[i] === 'bigint');
      return [name, seen ? BigUint64Array.from(told, (totals) => totals[i]!) : null] as const;
    });
    return { ids: BigUint64Array.from(rows, ({ id }) => id), columns: Object.fromEntries(columns) };
  }

  #read(): Row[] {
    this.#failure = undefined;
    return this.#chosen().flatMap(({ id, directory, psi }) => {
      try {
        const read = this.#reader.read(directory, psi);
        this.#directories.set(id, directory);
        const totals = psi ? read : read.map((total, i) => (i === THROTTLED ? total : undefined));
        return totals.some((total) => typeof total === 'bigint') ? [{ id, totals }] : [];
      } catch (error) {
        this.#failure = (error as Error).message;
        return [];
      }
    });
  }

  /** Chosen anew when a cgroup or a mount came or went. */
  #chosen(): Choice['places'] {
    const cgroups = this.options.cgroups();
    const hierarchies = this.options.hierarchies();
    const { v2, v1 } = hierarchies;
    const last = this.#choice;
    if (last && last.v2 === v2 && last.v1 === v1 && isSame(last.cgroups, cgroups)) return last.places;
    const places = this.#choose(cgroups, hierarchies);
    this.#choice = { cgroups, v2, v1, places };
    return places;
  }

  #choose(cgroups: readonly CgroupRecord[], hierarchies: Hierarchies) {
    const rank = ({ containerId, podUid }: CgroupRecord) => (containerId ? 0 : podUid ? 1 : 2);
    const parents = new Set(
      cgroups.map(({ hierarchy, path }) => (hierarchy === 'v2' ? parentOf(path) : '/')),
    );
    const known = cgroups.flatMap((record) => {
      const innermost = !parents.has(record.path) && record.path !== '/';
      const place = this.#place(record, innermost, hierarchies);
      return place ? [{ id: record.id, rank: rank(record), ...place }] : [];
    });
    const containers = known.filter((one) => one.rank < 2);
    const others = known.filter((one) => one.rank === 2);
    const room = Math.max(0, MAX_CGROUPS - containers.length);
    // What they count while they are left out does not come in one window once there is room.
    for (const { id } of others.slice(room)) this.#rising.told(id, notRead);
    this.#leftOut = Math.max(0, others.length - room);
    return [...containers, ...others.slice(0, room)];
  }

  #place({ hierarchy, path }: CgroupRecord, innermost: boolean, { v2, v1 }: Hierarchies): Place | undefined {
    if (hierarchy === 'v2')
      return v2 === undefined ? undefined : { directory: join(v2, path), psi: this.#psi && innermost };
    if (!hierarchy.split(',').includes('cpu')) return undefined;
    const mount = v1.find(({ controllers }) => controllers === hierarchy);
    return mount && { directory: join(mount.path, path), psi: false };
  }
}
