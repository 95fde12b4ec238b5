/** Throttling and PSI of cgroups. Files are opened anew each window: descriptors are not kept for thousands of cgroups. */
import { join } from 'node:path';
import type { CgroupRecord, Hierarchies } from '@dentryscope/identity';
import { fileCounters, readCgroupFiles, readFilesSlowly } from '../collectors/cgroup-files.js';
import type { FileTotals, ReadFiles } from '../collectors/cgroup-files.js';
import { readProc } from '../collectors/proc.js';
import type { Counted, Signal, SignalSample } from '../signal.js';

/** Read each window: containers and pods first, then what else there is. 25 to 60 µs each. */
const MAX_CGROUPS = 1_024;

export interface CgroupFilesOptions {
  readonly procRoot: string;
  readonly hierarchies: () => Hierarchies;
  /** All that live. */
  readonly cgroups: () => readonly CgroupRecord[];
  /** The addon's, where there is one. */
  readonly readFiles?: ReadFiles;
}

export class CgroupFilesSignal implements Signal {
  readonly #psi: boolean;
  readonly #readFiles: ReadFiles;
  /** What those that were older than the agent had counted by then. */
  readonly #bases = new Map<bigint, FileTotals>();
  #failure: string | undefined;
  #leftOut = 0;

  constructor(private readonly options: CgroupFilesOptions) {
    this.#readFiles = options.readFiles ?? readFilesSlowly;
    this.#psi = readProc(options.procRoot, 'pressure/cpu') !== undefined;
    for (const { id, totals } of this.#read()) this.#bases.set(id, totals);
  }

  /** No hooks: files. */
  hooks() {
    return [];
  }

  sample(): SignalSample {
    return { counted: this.#counted(), keep: () => {} };
  }

  forget(ids: readonly bigint[]): void {
    for (const id of ids) this.#bases.delete(id);
  }

  problems(): readonly string[] {
    return [
      ...(this.#failure === undefined ? [] : [`files of cgroups can't be read: ${this.#failure}`]),
      ...(this.#leftOut > 0
        ? [`throttling and PSI of ${this.#leftOut} cgroups that are no containers are not read`]
        : []),
    ];
  }

  close(): void {}

  #counted(): Counted {
    const rows = this.#read().map(({ id, totals }) => ({ id, totals, base: this.#bases.get(id) ?? {} }));
    const columns = fileCounters.map((name) => {
      const seen = rows.some(({ totals }) => totals[name] !== undefined);
      const column = rows.map(({ totals, base }) => (totals[name] ?? base[name] ?? 0n) - (base[name] ?? 0n));
      return [name, seen ? BigUint64Array.from(column) : null] as const;
    });
    return { ids: BigUint64Array.from(rows.map(({ id }) => id)), columns: Object.fromEntries(columns) };
  }

  #read(): { id: bigint; totals: FileTotals }[] {
    this.#failure = undefined;
    return this.#chosen().flatMap(({ id, directory, psi }) => {
      try {
        const totals = readCgroupFiles(directory, psi, this.#readFiles);
        return Object.keys(totals).length > 0 ? [{ id, totals }] : [];
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
