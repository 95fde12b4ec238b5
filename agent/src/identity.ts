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

  /** @param ids the cgroups of this window's columns */
  infos(ids: readonly bigint[], nowMs: number): News {
    const repeat = nowMs - this.#toldAllAtMs >= REPEAT_MS;
    const known = [...new Set([...ids, ...this.#told.keys()])].flatMap((id) => this.#infoOf(id) ?? []);
    const infos = known.filter((info) => repeat || this.#isNews(info));
    return {
      infos,
      keep: () => {
        if (repeat) this.#toldAllAtMs = nowMs;
        for (const info of infos) this.#told.set(info.id, info);
      },
    };
  }

  /** The dead have been told; a later cgroup of the same id would be news. */
  forget(ids: readonly bigint[]): void {
    for (const id of ids) this.#told.delete(id);
  }

  #infoOf(id: bigint): CgroupInfoFields | undefined {
    return id === OVERFLOW_ID ? overflow : this.lookup(id);
  }

  #isNews(info: CgroupInfoFields): boolean {
    const told = this.#told.get(info.id);
    return !told || told.path !== info.path || told.removed !== info.removed;
  }
}
