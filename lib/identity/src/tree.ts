/** The cgroups of this machine: those that live, and for a while those that did. */
import type { CgroupInfo } from '@dentryscope/contracts';
import { readHierarchies } from './hierarchies.js';
import type { Hierarchies, HierarchyOptions, Root } from './hierarchies.js';
import { parseCgroupPath } from './path.js';
import { Tombstones } from './tombstones.js';
import { walk } from './walk.js';

/** The wire's CgroupInfo without protobuf's own fields. */
export type CgroupRecord = Readonly<Omit<CgroupInfo, '$typeName' | '$unknown'>>;

/** What the tracepoints cgroup:cgroup_mkdir and cgroup:cgroup_rmdir say. */
export interface CgroupEvent {
  readonly kind: 'mkdir' | 'rmdir';
  /** kernfs id, tagged by `cgroupId` or not. */
  readonly id: bigint;
  /** Within its hierarchy, from the hierarchy's root. */
  readonly path: string;
  /** 0: cgroup v2. */
  readonly hierarchyId: number;
}

export interface CgroupTreeOptions extends Omit<HierarchyOptions, 'controllers'> {
  /** v1 controllers whose hierarchies the kernel side may report. Default: memory, pids, cpu. */
  readonly controllers?: readonly string[];
  /** How long the dead are remembered. Default: an hour, at most 16,384 of them. */
  readonly keepMs?: number;
  readonly keepCount?: number;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

interface Entry {
  readonly record: CgroupRecord;
  readonly hierarchyId: number;
  /** The reconciliation that it was last seen in, or at whose time an event made it. */
  readonly round: number;
}

/**
 * The id of a cgroup everywhere in dentryscope, the BPF programs included: the kernfs id, which is the inode of its
 * directory on a 64-bit kernel since 5.5; on a v1 hierarchy that hierarchy's number stands in the top byte, because
 * each hierarchy counts its own.
 */
export function cgroupId(kernfsId: bigint, hierarchyId: number): bigint {
  return BigInt.asUintN(64, kernfsId | (BigInt(hierarchyId) << HIERARCHY_SHIFT));
}

const HIERARCHY_SHIFT = 56n;
/** Of the root of every hierarchy (kernfs_create_root()). */
const KERNFS_ROOT_ID = 1n;

/**
 * Fed by events, reconciled by walks. Events alone see a cgroup that lives for a moment; where the kernel hands none,
 * a walk every window is the floor, and cgroups that lived between two walks stay without a name.
 */
export class CgroupTree {
  readonly #living = new Map<bigint, Entry>();
  readonly #dead: Tombstones<bigint, CgroupRecord>;
  readonly #changes = new Map<bigint, CgroupRecord>();
  #hierarchies: Hierarchies;
  #roots: readonly Root[];
  #walkProblems: readonly string[] = [];
  /** Hierarchies of which the last walk saw all, from the kernel's own root on. */
  readonly #walked = new Set<number>();
  #round = 0;
  #walking: Promise<void> | undefined;

  private constructor(private readonly options: HierarchyOptions & CgroupTreeOptions) {
    const { keepMs = 3_600_000, keepCount = 16_384, nowMs = () => performance.now() } = options;
    this.#dead = new Tombstones({ keepMs, keepCount, nowMs });
    ({ seen: this.#hierarchies, roots: this.#roots } = readHierarchies(options));
  }

  /** Walks once. @throws Error that names the setting where procRoot is no procfs. */
  static async open(options: CgroupTreeOptions): Promise<CgroupTree> {
    const tree = new CgroupTree({
      ...options,
      controllers: options.controllers ?? ['memory', 'pids', 'cpu'],
    });
    await tree.reconcile();
    return tree;
  }

  hierarchies(): Hierarchies {
    return { ...this.#hierarchies, problems: [...this.#hierarchies.problems, ...this.#walkProblems] };
  }

  /** Adds what is missing, marks what vanished as removed. Calls at the same time share one walk. */
  reconcile(): Promise<void> {
    this.#walking ??= this.#reconcile().finally(() => (this.#walking = undefined));
    return this.#walking;
  }

  async #reconcile(): Promise<void> {
    ({ seen: this.#hierarchies, roots: this.#roots } = readHierarchies(this.options));
    const round = ++this.#round;
    const problems: string[] = [];
    this.#walked.clear();
    for (const root of this.#roots) {
      try {
        for await (const found of walk(root))
          for (const { inode, path } of found) this.#see(cgroupId(inode, root.hierarchyId), path, root, true);
        this.#buryUnseen(root.hierarchyId, round);
        // In a cgroup namespace the mount's root is another, and most cgroups lie outside.
        if (this.#living.has(cgroupId(KERNFS_ROOT_ID, root.hierarchyId))) this.#walked.add(root.hierarchyId);
      } catch (error) {
        problems.push(`the walk over ${root.path} is not whole: ${(error as Error).message}`);
      }
    }
    this.#walkProblems = problems;
    this.#dead.sweep();
  }

  /** Events of hierarchies that are not walked are ignored. */
  apply(event: CgroupEvent): void {
    const root = this.#rootOf(event.hierarchyId);
    if (!root) return;
    const id = cgroupId(event.id, event.hierarchyId);
    if (event.kind === 'mkdir') this.#see(id, event.path, root, false);
    else this.#bury(id, event.path, root);
  }

  lookup(id: bigint): CgroupRecord | undefined {
    return this.#living.get(id)?.record ?? this.#dead.get(id);
  }

  /** Neither living nor remembered, though the last walk saw its whole hierarchy: who was there before it is there no more. */
  isUnknown(id: bigint): boolean {
    return this.#walked.has(Number(id >> HIERARCHY_SHIFT)) && !this.lookup(id);
  }

  /** New, changed and removed since the last call; a cgroup that came and went is in it once, as removed. */
  changes(): CgroupRecord[] {
    const records = [...this.#changes.values()];
    this.#changes.clear();
    return records;
  }

  /** All that live. */
  all(): CgroupRecord[] {
    return Array.from(this.#living.values(), ({ record }) => record);
  }

  /** v2 may be unmounted here and counted by the kernel all the same. */
  #rootOf(hierarchyId: number): Pick<Root, 'hierarchy' | 'hierarchyId'> | undefined {
    const root = this.#roots.find((candidate) => candidate.hierarchyId === hierarchyId);
    return root ?? (hierarchyId === 0 ? { hierarchy: 'v2', hierarchyId } : undefined);
  }

  #see(id: bigint, path: string, root: Pick<Root, 'hierarchy' | 'hierarchyId'>, byWalk: boolean): void {
    // Ids are not used again within a boot: a mkdir of what is known is only late. The walk knows better.
    if (!byWalk && this.lookup(id)) return;
    const known = this.#living.get(id);
    const changed = known?.record.path !== path;
    const record = changed ? describe(id, path, root.hierarchy) : known.record;
    this.#living.set(id, { record, hierarchyId: root.hierarchyId, round: this.#round });
    this.#dead.raise(id);
    if (changed) this.#changes.set(id, record);
  }

  #bury(id: bigint, path: string, root: Pick<Root, 'hierarchy'>): void {
    const entry = this.#living.get(id);
    if (!entry && this.#dead.get(id)) return;
    const record = { ...(entry?.record ?? describe(id, path, root.hierarchy)), removed: true };
    this.#living.delete(id);
    this.#dead.bury(id, record);
    this.#changes.set(id, record);
  }

  /** What an event added while the walk was under way carries this round: the walk may have passed its parent before. */
  #buryUnseen(hierarchyId: number, round: number): void {
    for (const [id, entry] of this.#living)
      if (entry.hierarchyId === hierarchyId && entry.round < round)
        this.#bury(id, entry.record.path, { hierarchy: entry.record.hierarchy });
  }
}

function describe(id: bigint, path: string, hierarchy: string): CgroupRecord {
  const { podUid = '', containerId = '' } = parseCgroupPath(path);
  return { id, path, hierarchy, podUid, containerId, removed: false };
}
