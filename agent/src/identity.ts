/** Which cgroup infos a window carries: those the reader has not been told of, and all living ones now and then. */
import type { CgroupInfo } from '@dentryscope/contracts';

export type CgroupInfoFields = Pick<
  CgroupInfo,
  'id' | 'path' | 'hierarchy' | 'podUid' | 'containerId' | 'removed'
>;

const REPEAT_MS = 5 * 60_000;
export const OVERFLOW_ID = 0n;
const overflow: CgroupInfoFields = {
  id: OVERFLOW_ID,
  path: '(overflow)',
  hierarchy: '',
  podUid: '',
  containerId: '',
  removed: false,
};

/** Told once the window that carries it is durable. */
export interface News {
  readonly infos: CgroupInfoFields[];
  keep(): void;
}

export class Announcer {
  readonly #told = new Map<bigint, CgroupInfoFields>();
  #toldAllAtMs: number;

  constructor(
    private readonly lookup: (id: bigint) => CgroupInfoFields | undefined,
    nowMs: number,
  ) {
    this.#toldAllAtMs = nowMs;
  }

  /**
   * @param ids the cgroups of this window's columns
   * @param nowMs monotonic
   */
  infos(ids: readonly bigint[], nowMs: number): News {
    const repeat = nowMs - this.#toldAllAtMs >= REPEAT_MS;
    const rows = new Set(ids);
    const known = [...new Set([...rows, ...this.#told.keys()])].flatMap((id) => this.#infoOf(id) ?? []);
    const infos = known.filter((info) => repeat || this.#isNews(info));
    return {
      infos,
      keep: () => {
        if (repeat) this.#toldAllAtMs = nowMs;
        for (const info of infos) this.#told.set(info.id, info);
        for (const { id, removed } of this.#told.values())
          if (removed && !rows.has(id)) this.#told.delete(id);
      },
    };
  }

  /** The dead that hold dentries are named for as long as they do, though nobody else remembers them then. */
  #infoOf(id: bigint): CgroupInfoFields | undefined {
    if (id === OVERFLOW_ID) return overflow;
    const told = this.#told.get(id);
    return this.lookup(id) ?? (told && { ...told, removed: true });
  }

  #isNews(info: CgroupInfoFields): boolean {
    const told = this.#told.get(info.id);
    return !told || told.path !== info.path || told.removed !== info.removed;
  }
}
