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
/** Of a name the last counts. */
type Name = NamedKey['name'] & { readonly atNs: bigint };

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
    private readonly server: Pick<Server, 'eachWithin'>,
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
    const newest = await Promise.all([
      this.lines('cgroup_info', 'infos', fromMs, placeTags, (_at, value, tags) =>
        takeInfos(this.boot(tags), JSON.parse(value) as InfoField[]),
      ),
      this.lines('name', 'names', fromMs, [], (at, value) =>
        this.takeNames(nanoseconds(at), JSON.parse(value) as NamedKey[]),
      ),
    ]);
    if (all) this.readAllAt = now;
    this.newestMs = Math.max(this.newestMs, ...newest);
  }

  /** One measurement a question, each line taken as it comes, in any order: the log may be larger than all it tells. */
  private async lines(
    measurement: string,
    field: string,
    fromMs: number,
    tags: readonly string[],
    take: (at: string, value: string, tags: readonly string[]) => void,
  ): Promise<number> {
    const columns = ['_time', '_value', ...tags];
    const flux = from({ bucket: this.bucket, measurement, field, fromMs }) + flat(columns);
    let newestMs = 0;
    await this.server.eachWithin(READ_LIMIT_MS, flux, columns, ([at, value, ...rest]) => {
      take(at!, value!, rest);
      newestMs = Math.max(newestMs, Date.parse(at!));
    });
    return newestMs;
  }

  private takeNames(atNs: bigint, keys: readonly NamedKey[]): void {
    for (const { kind, id, name } of keys) {
      const known = this.names.get(`${kind} ${id}`);
      if (!known || known.atNs <= atNs) this.names.set(`${kind} ${id}`, { ...name, atNs });
    }
  }
}

/** Since 1970; InfluxDB leaves out zeros at the end. @param time RFC 3339, in UTC */
function nanoseconds(time: string): bigint {
  const [seconds = '', fraction = ''] = time.slice(0, -1).split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
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
