/** Who the containers are: pods and their owners in memory, the dead for a while. */
import { Tombstones } from '../tombstones.js';
import type { Owned, OwnerRef, PodObject } from './objects.js';

/** Structurally the store's ContainerName. */
export interface ContainerName {
  readonly podUid: string;
  /** Without the runtime's scheme; '' for the pod itself. */
  readonly containerId: string;
  readonly namespace: string;
  readonly pod: string;
  /** '' for the pod itself. */
  readonly container: string;
  /** Kind/name of the topmost known owner, e.g. Deployment/web; Pod/name where there is none. */
  readonly workload: string;
}

export interface DirectoryOptions {
  readonly keepMs: number;
  readonly keepCount: number;
  readonly nowMs: () => number;
  /** Names that are new or changed. */
  readonly onNames: (names: readonly ContainerName[]) => void;
}

interface Entry {
  readonly pod: PodObject;
  /** By container id; '' is the pod itself. Containers that ran before are in it too, the oldest first. */
  readonly names: Map<string, ContainerName>;
}

/** Of a pod whose containers crash again and again, the last ones. */
const IDS_PER_POD = 64;

export class Directory {
  readonly #living = new Map<string, Entry>();
  readonly #dead: Tombstones<string, Entry>;
  /** By container id and by pod uid, of the living and the dead. */
  readonly #names = new Map<string, ContainerName>();
  readonly #owners = new Map<string, Owned>();
  readonly #deadOwners: Tombstones<string, Owned>;
  /** Pods, dead ones too, by the uid of their owner. */
  readonly #owned = new Map<string, Set<string>>();
  /** namespace/name → uid: a pod that was replaced while nobody watched comes as an update of the old one. */
  readonly #uids = new Map<string, string>();

  constructor(private readonly options: DirectoryOptions) {
    this.#dead = new Tombstones({ ...options, onForget: (_, entry) => this.#forget(entry) });
    this.#deadOwners = new Tombstones(options);
  }

  nameOf(id: string): ContainerName | undefined {
    this.#dead.sweep();
    return id === '' ? undefined : this.#names.get(id);
  }

  *all(): Generator<ContainerName> {
    for (const { names } of this.#living.values()) yield* names.values();
    for (const { names } of this.#dead.values()) yield* names.values();
  }

  /** Pods that live, pods that are remembered. */
  size(): { living: number; dead: number } {
    return { living: this.#living.size, dead: this.#dead.size };
  }

  setPod(pod: PodObject): void {
    const { uid } = pod.metadata;
    const place = placeOf(pod);
    const before = this.#uids.get(place);
    if (before !== undefined && before !== uid) this.#bury(before);
    this.#uids.set(place, uid);
    const known = this.#living.get(uid) ?? this.#dead.get(uid);
    this.#dead.raise(uid);
    const entry: Entry = { pod, names: known?.names ?? new Map() };
    this.#living.set(uid, entry);
    if (known) this.#disown(known.pod);
    if (pod.owner) this.#ownedBy(pod.owner.uid).add(uid);
    this.#name(entry);
  }

  removePod(pod: PodObject): void {
    const { uid } = pod.metadata;
    if (this.#uids.get(placeOf(pod)) === uid) this.#uids.delete(placeOf(pod));
    // Its last state may name containers that no update had shown.
    const entry = this.#living.get(uid);
    if (entry) this.#name({ ...entry, pod });
    this.#bury(uid);
  }

  setOwner(owner: Owned): void {
    const { uid } = owner.metadata;
    this.#deadOwners.raise(uid);
    this.#owners.set(uid, owner);
    for (const podUid of this.#owned.get(uid) ?? []) {
      const entry = this.#living.get(podUid) ?? this.#dead.get(podUid);
      if (entry) this.#name(entry);
    }
  }

  removeOwner({ metadata: { uid } }: Owned): void {
    const owner = this.#owners.get(uid);
    this.#owners.delete(uid);
    if (owner) this.#deadOwners.bury(uid, owner);
  }

  #bury(uid: string): void {
    const entry = this.#living.get(uid);
    if (!entry) return;
    this.#living.delete(uid);
    this.#dead.bury(uid, entry);
  }

  #forget({ pod, names }: Entry): void {
    for (const name of names.values()) this.#unname(name);
    this.#disown(pod);
  }

  /** A mirror pod that was made again has the same ids: what its successor is called stays. */
  #unname(name: ContainerName): void {
    if (this.#names.get(keyOf(name)) === name) this.#names.delete(keyOf(name));
  }

  #disown({ metadata, owner }: PodObject): void {
    const siblings = owner && this.#owned.get(owner.uid);
    siblings?.delete(metadata.uid);
    if (siblings?.size === 0) this.#owned.delete(owner!.uid);
  }

  #ownedBy(ownerUid: string): Set<string> {
    const set = this.#owned.get(ownerUid) ?? new Set();
    this.#owned.set(ownerUid, set);
    return set;
  }

  /** Names all of the pod's containers anew, and tells of those that differ. */
  #name({ pod, names }: Entry): void {
    const shared = {
      podUid: pod.podUid,
      namespace: pod.metadata.namespace ?? '',
      pod: pod.metadata.name,
      workload: this.#workload(pod),
    };
    const wanted = new Map([['', '']]);
    for (const [id, { container }] of names) wanted.set(id, container);
    for (const { name, containerId } of pod.containers) wanted.set(containerId, name);
    const news: ContainerName[] = [];
    for (const [containerId, container] of wanted) {
      const name = { ...shared, containerId, container };
      if (sameName(names.get(containerId), name)) continue;
      names.set(containerId, name);
      this.#names.set(keyOf(name), name);
      news.push(name);
    }
    this.#shorten(names);
    if (news.length > 0) this.options.onNames(news);
  }

  #shorten(names: Map<string, ContainerName>): void {
    for (const [id, name] of names) {
      if (names.size <= IDS_PER_POD) return;
      if (id === '') continue;
      names.delete(id);
      this.#unname(name);
    }
  }

  /** From owner to owner, as far up as they are known. A static pod is owned by its node: that is no workload. */
  #workload(pod: PodObject): string {
    let top: OwnerRef | undefined = pod.owner?.kind === 'Node' ? undefined : pod.owner;
    for (let steps = 0; top && steps < 8; steps++) {
      const next: OwnerRef | undefined = (this.#owners.get(top.uid) ?? this.#deadOwners.get(top.uid))?.owner;
      if (!next) break;
      top = next;
    }
    return top ? `${top.kind}/${top.name}` : `Pod/${pod.metadata.name}`;
  }
}

const placeOf = ({ metadata: { namespace, name } }: PodObject) => `${namespace}/${name}`;
const keyOf = (name: ContainerName) => name.containerId || name.podUid;

function sameName(a: ContainerName | undefined, b: ContainerName): boolean {
  return (
    a !== undefined && (Object.keys(b) as (keyof ContainerName)[]).every((field) => a[field] === b[field])
  );
}
