/** Flux in the making. Every value goes through the client's quoting; the words are our own. */
import { fluxString } from '@influxdata/influxdb-client';
import type { Place } from '../infos.js';
import { tagValue } from './line.js';

/** Asks, and has of each row the values of the columns in that order. */
export type Ask = (flux: string, columns: readonly string[]) => Promise<string[][]>;

/** What InfluxDB can hold of time, in whole seconds. */
const EARLIEST_MS = Date.UTC(1677, 8, 22);
const LATEST_MS = Date.UTC(2262, 3, 11);

export const quoted = (value: string) => fluxString(value).toString();

export function time(ms: number): string {
  return new Date(Math.min(Math.max(Math.ceil(ms), EARLIEST_MS), LATEST_MS)).toISOString();
}

export interface Source {
  readonly bucket: string;
  readonly measurement: string;
  readonly field: string;
  readonly fromMs: number;
  /** Exclusive; without it, all that there is. */
  readonly toMs?: number;
  /** Conditions on the tags of `r`, all of which must hold. */
  readonly where?: readonly string[];
}

/** Ends in filters that InfluxDB's storage answers from its index. */
export function from({ bucket, measurement, field, fromMs, toMs = LATEST_MS, where = [] }: Source): string {
  const conditions = [
    `r._measurement == ${quoted(measurement)}`,
    `r._field == ${quoted(field)}`,
    ...where.map((condition) => `(${condition})`),
  ];
  return `from(bucket: ${quoted(bucket)})
    |> range(start: ${time(fromMs)}, stop: ${time(toMs)})
    |> filter(fn: (r) => ${conditions.join(' and ')})`;
}

/** Everything as one table of these columns: the shortest that an answer can be. */
export const flat = (columns: readonly string[]) => `
    |> group() |> keep(columns: ${list(columns)})`;

export const list = (columns: readonly string[]) => `[${columns.map(quoted).join(', ')}]`;

/** Conditions for the cluster and node of a filter. */
export function ofNodes(filter: { cluster?: string | undefined; node?: string | undefined }): string[] {
  const conditions = [];
  if (filter.cluster !== undefined) conditions.push(tagIs('cluster', filter.cluster));
  if (filter.node !== undefined) conditions.push(tagIs('node', filter.node));
  return conditions;
}

export const tagIs = (tag: string, name: string) => `r.${tag} == ${quoted(tagValue(name))}`;

/** The condition for these cgroups of one boot. A regular expression costs InfluxDB a tenth of as many comparisons. */
export function cgroupsOf(place: Place, ids: readonly string[]): string {
  const which = ids.length === 1 ? tagIs('cgroup', ids[0]!) : `r.cgroup =~ /^(${ids.join('|')})$/`;
  return `${isPlace(place)} and ${which}`;
}

export interface NodeName {
  readonly cluster: string;
  readonly node: string;
}

export const isNode = ({ cluster, node }: NodeName) =>
  `${tagIs('node', node)} and ${tagIs('cluster', cluster)}`;

export const isPlace = ({ cluster, node, bootId }: Place) =>
  [tagIs('boot', bootId), tagIs('node', node), tagIs('cluster', cluster)].join(' and ');

/** Nested by halves: Flux refuses a program of some 150 conditions in a row as nested too deep. */
export function anyOf(conditions: readonly string[]): string {
  if (conditions.length <= 1) return `(${conditions[0] ?? 'false'})`;
  const half = conditions.length >> 1;
  return `(${anyOf(conditions.slice(0, half))} or ${anyOf(conditions.slice(half))})`;
}
