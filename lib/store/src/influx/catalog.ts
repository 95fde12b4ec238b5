/**
 * Who is who, as the store says now: every cgroup, container and pod that was ever told, kept in memory and made
 * current before a query by asking for what is new. Names are joined here (docs/decisions/0004).
 */
import type { CgroupInfo, Owner } from '@dentryscope/contracts';
import { outranks } from '../infos.js';
import type { Place } from '../infos.js';
import type { NamedKey } from '../names.js';
import { OVERFLOW_PATH } from '../owner.js';
import { flat, from } from './flux.js';
import type { InfoField } from './line.js';
import { placeOf, placeTags } from './place.js';
import type { Server } from './server.js';

/** InfluxDB gives a write its time when it comes in, and shows it when it is done: a writer waits no longer. */
const OVERLAP_MS = 30_000;
/** The times are InfluxDB's own. When its clock is set back, what is told then is found by reading all again. */
const REREAD_MS = 3_600_000;
const READ_LIMIT_MS = 300_000;

type Told = Pick<CgroupInfo, 'path' | 'podUid' | 'containerId' | 'removed'> & { readonly atMs: bigint };
type Name = NamedKey['name'];

export interface Boot {
  readonly place: Place;
  /** By cgroup id. */
  readonly told: Map<string, Told>;
}

export class Catalog {
  /** By their tags, as InfluxDB has them. */
  private readonly boots = new Map<string, Boot>();
  private readonly names = new Map<string, Name>();
  private newestMs = 0;
  private readAllAt = 0;
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(
    private readonly server: Pick<Server, 'queryWithin'>,
    private readonly bucket: string,
  ) {}

  /** Resolves when all that was acknowledged before the call is in. Callers at the same time share one question. */
  async refresh(signal: AbortSignal): Promise<void> {
    this.next ??= this.after(this.running);
    await orAborted(this.next, signal);
  }

  /** The boot that a row's tags name. */
  boot(tags: readonly string[]): Boot {
    const key = `${tags[0]}\n${tags[1]}\n${tags[2]}`;
    let boot = this.boots.get(key);
    if (!boot) this.boots.set(key, (boot = { place: placeOf(tags), told: new Map() }));
    return boot;
  }

  /** Every boot that was ever told of. */
  all(): Iterable<Boot> {
    return this.boots.values();
  }

  /** All that is known of a cgroup. */
  owner({ place, told }: Boot, cgroupId: string): Owner {
    const { cluster, node, bootId } = place;
    const owner: Owner = { cluster, node, bootId, cgroupId };
    const info = told.get(cgroupId);
    if (info) this.addNames(owner, info);
    if (cgroupId === '0') owner.path = OVERFLOW_PATH;
    return owner;
  }

  private addNames(owner: Owner, { path, podUid, containerId }: Told): void {
    const own = this.names.get(`container ${containerId}`);
    const name = own ?? this.names.get(`pod ${podUid}`);
    const container = own?.container || containerId;
    owner.path = path;
    if (container) owner.container = container;
    if (name?.namespace) owner.namespace = name.namespace;
    if (name?.pod) owner.pod = name.pod;
    if (name?.workload) owner.workload = name.workload;
  }

  private async after(running: Promise<void> | undefined): Promise<void> {
    await running?.catch(() => undefined);
    this.running = this.next;
    this.next = undefined;
    await this.read();
  }

  private async read(): Promise<void> {
    const now = performance.now();
    const all = this.newestMs === 0 || now - this.readAllAt > REREAD_MS;
    const fromMs = all ? 0 : this.newestMs - OVERLAP_MS;
    const [infos, names] = await Promise.all([
      this.lines('cgroup_info', 'infos', fromMs, placeTags),
      this.lines('name', 'names', fromMs, []),
    ]);
    if (all) this.readAllAt = now;
    for (const [, value, ...tags] of infos) takeInfos(this.boot(tags), JSON.parse(value!) as InfoField[]);
    for (const [, value] of names)
      for (const { kind, id, name } of JSON.parse(value!) as NamedKey[])
        this.names.set(`${kind} ${id}`, name);
    for (const [at] of [...infos, ...names]) this.newestMs = Math.max(this.newestMs, Date.parse(at!));
  }

  /**
   * In the order of their times, since of a name the last counts. One measurement a question: where a table has
   * tables of different columns in it, Flux's sort leaves the empty values in their places (seen in 2.7.12).
   */
  private lines(
    measurement: string,
    field: string,
    fromMs: number,
    tags: readonly string[],
  ): Promise<string[][]> {
    const columns = ['_time', '_value', ...tags];
    const flux = `${from({ bucket: this.bucket, measurement, field, fromMs })}${flat(columns)} |> sort(columns: ["_time"])`;
    return this.server.queryWithin(READ_LIMIT_MS, flux, columns);
  }
}

function takeInfos({ told }: Boot, infos: readonly InfoField[]): void {
  for (const { id, path, pod: podUid, container: containerId, removed, at } of infos) {
    const info = { path, podUid, containerId, removed, atMs: BigInt(at) };
    const known = told.get(id);
    if (!known || outranks(info, known)) told.set(id, info);
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
