/** Line protocol, built as strings: the client's Point class costs five times as much a line. */
import { cgroupMetrics, nodeMetrics } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import type { Place, Told } from '../infos.js';
import type { NamedKey } from '../names.js';
import { encodeRecord, nodeFigure, storable } from '../record.js';

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
const tag = (name: string) => tagValue(name).replace(/[,= ]/g, '\\$&');
const text = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;

/** Tags in the order of their names, as InfluxDB likes them best. */
const placeTags = ({ cluster, node, bootId }: Place) => ({
  boot: `boot=${tag(bootId)}`,
  rest: `cluster=${tag(cluster)},node=${tag(node)}`,
});

/** One line a cgroup that has a figure. */
export function pushFigures(lines: string[], batch: NodeBatch): void {
  const columns = batch.cgroups;
  if (!columns) return;
  const present = cgroupMetrics.filter(({ column }) => columns[column].length > 0);
  if (present.length === 0) return;
  const { boot, rest } = placeTags(batch);
  const [head, middle, end] = [`cgroup,${boot},cgroup=`, `,${rest} `, ` ${batch.windowStartMs}`];
  columns.ids.forEach((id, index) => {
    const fields = present.map(({ name, column }) => `${name}=${columns[column][index]}i`);
    lines.push(`${head}${id}${middle}${fields.join(',')}${end}`);
  });
}

/** The line of the node itself. @throws StoreError for a figure from 2^63 on */
export function nodeLine(batch: NodeBatch): string {
  const { boot, rest } = placeTags(batch);
  const figures = nodeMetrics.flatMap((metric) => {
    const value = nodeFigure(batch, metric);
    return value === undefined ? [] : [`${metric.name}=${value}i`];
  });
  const record = Buffer.from(encodeRecord(batch)).toString('base64');
  const window = [`window_end_ms=${batch.windowEndMs}i`, `seq=${storable(batch.seq, 'seq', batch)}i`];
  const fields = [...figures, ...window, `record="${record}"`];
  return `node,${boot},${rest} ${fields.join(',')} ${batch.windowStartMs}`;
}

/** What the catalog reads back; short names, since there is one for each cgroup of the fleet. */
export interface InfoField {
  path: string;
  hierarchy: string;
  pod: string;
  container: string;
  at: string;
}

/**
 * Without a time: InfluxDB gives its own, so that a reader finds what is new by asking from the last time on.
 * What is told of a removed cgroup is another field: it can't replace what was told while it lived.
 */
export function infoLine({ place, info, atMs }: Told): string {
  const { boot, rest } = placeTags(place);
  const { path, hierarchy, podUid: pod, containerId: container } = info;
  const field = JSON.stringify({ path, hierarchy, pod, container, at: String(atMs) } satisfies InfoField);
  return `cgroup_info,${boot},cgroup=${info.id},${rest} ${info.removed ? 'removed' : 'living'}=${text(field)}`;
}

/** Names are a field, never a tag: a name that changes must not begin another series. */
export function nameLine({ kind, id, name }: NamedKey): string {
  return `${kind},id=${tag(id)} name=${text(JSON.stringify(name))}`;
}
