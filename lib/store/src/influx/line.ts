/** Line protocol: the client's Point class costs several times as much a line. */
import { HIGH, LOW, cgroupMetrics, halvesOf, nodeMetrics } from '@dentryscope/contracts';
import type { WindowBatch } from '@dentryscope/contracts';
import type { Place, Told } from '../infos.js';
import type { NamedKey } from '../names.js';
import type { Bytes } from './bytes.js';
import { fieldNames } from './fields.js';
import { encodeRecord, nodeFigure, sees, storable } from '../record.js';

/**
 * A name as the value of a tag. Line protocol has no way to write a backslash before a comma, a space or the end of
 * a tag: it goes as %5C, and so do control characters and the percent sign itself. Names in Kubernetes have none.
 */
export function tagValue(name: string): string {
  return name.replace(/[%\\\p{Cc}]/gu, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** The name back. */
export function nameOfTag(value: string): string {
  return value.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** In line protocol. */
export const tag = (name: string) => tagValue(name).replace(/[,= ]/g, '\\$&');
const text = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;

/** Tags in the order of their names, as InfluxDB likes them best. */
const placeTagsOf = ({ cluster, node, bootId }: Place) => ({
  boot: `boot=${tag(bootId)}`,
  rest: `cluster=${tag(cluster)},node=${tag(node)}`,
});

/** The lines of a window's cgroups. */
export interface FigureLines {
  /** One a cgroup. */
  readonly rows: number;
  /** Adds those of some rows, each with its newline. */
  write(to: Bytes, fromRow: number, toRow: number): void;
}

/** @returns undefined where no cgroup has a figure */
export function figureLines(batch: WindowBatch): FigureLines | undefined {
  const columns = batch.cgroups;
  const present = cgroupMetrics.filter((metric) => sees(batch, metric));
  if (!columns || present.length === 0) return undefined;
  const { boot, rest } = placeTagsOf(batch);
  const head = Buffer.from(`cgroup,${boot},cgroup=`);
  const names = fieldNames(present.map(({ name }) => name)).within(`,${rest} `, `i ${batch.windowStartMs}\n`);
  const ids = halvesOf(typed(columns.ids));
  const figures = present.map(({ column }) => halvesOf(typed(columns[column])));
  const line = (to: Bytes, row: number) => {
    const [low, high] = [2 * row + LOW, 2 * row + HIGH];
    to.add(head);
    to.integer(ids[low]!, ids[high]!);
    let last = -1;
    for (let n = 0; n < figures.length; n++) {
      const values = figures[n]!;
      if (values[low] === 0 && values[high] === 0) continue;
      to.add(names.between(last, n));
      to.integer(values[low]!, values[high]!);
      last = n;
    }
    to.add(names.between(last, figures.length));
  };
  return {
    rows: columns.ids.length,
    write: (to, fromRow, toRow) => {
      for (let row = fromRow; row < toRow; row++) line(to, row);
    },
  };
}

const typed = (list: BigUint64Array | readonly bigint[]) =>
  list instanceof BigUint64Array ? list : BigUint64Array.from(list);

/** The line of the node itself. @throws StoreError for a figure from 2^63 on */
export function nodeLine(batch: WindowBatch): string {
  const { boot, rest } = placeTagsOf(batch);
  const figures = nodeMetrics.flatMap((metric) => {
    const value = nodeFigure(batch, metric);
    return value === undefined ? [] : [`${metric.name}=${value}i`];
  });
  const record = Buffer.from(encodeRecord(batch)).toString('base64');
  const window = [`window_end_ms=${batch.windowEndMs}i`, `seq=${storable(batch.seq, 'seq', batch)}i`];
  const fields = [...figures, ...window, `record="${record}"`];
  return `node,${boot},${rest} ${fields.join(',')} ${batch.windowStartMs}`;
}

export interface InfoField {
  readonly id: string;
  readonly path: string;
  readonly hierarchy: string;
  readonly pod: string;
  readonly container: string;
  readonly removed: boolean;
  /** Start of the window that told it, in Unix milliseconds. */
  readonly at: string;
}

/**
 * Infos are a log, one series a boot: a series for each cgroup would cost every question that needs names dear.
 * No time is given: InfluxDB gives its own, so that a reader finds what is new by asking from the last time on.
 */
export function infoLines(told: readonly Told[]): string[] {
  const boots = new Map<string, { place: Place; fields: InfoField[] }>();
  for (const { place, placeKey, info, removed, atMs } of told) {
    const { path, hierarchy, podUid: pod, containerId: container } = info;
    const boot = boots.get(placeKey) ?? { place, fields: [] };
    boots.set(placeKey, boot);
    boot.fields.push({ id: String(info.id), path, hierarchy, pod, container, removed, at: String(atMs) });
  }
  return [...boots.values()].flatMap(({ place, fields }) => {
    const { boot, rest } = placeTagsOf(place);
    return parts(fields, (part) => `cgroup_info,${boot},${rest},part=${part} infos=`);
  });
}

/** Names are a log as well, and a field, never a tag: a name that changes must not begin another series. */
export function nameLines(keys: readonly NamedKey[]): string[] {
  return parts(keys, (part) => `name,part=${part} names=`);
}

/** InfluxDB takes 1 MiB a field, once quotes are escaped. */
const PART_LENGTH = 200_000;

/** As few lines as hold all items: points of one request have one time, and differ in the tag `part`. */
function parts(items: readonly unknown[], head: (part: number) => string): string[] {
  const bodies: string[][] = [];
  let room = 0;
  for (const item of items.map((item) => JSON.stringify(item))) {
    room -= item.length;
    if (room < 0) {
      bodies.push([]);
      room = PART_LENGTH - item.length;
    }
    bodies[bodies.length - 1]!.push(item);
  }
  return bodies.map((body, part) => `${head(part)}${text(`[${body.join(',')}]`)}`);
}
