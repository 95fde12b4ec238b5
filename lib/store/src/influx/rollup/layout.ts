/**
 * The bucket of hours: what windows summed up to, with no tag that changes as often as a cgroup or a boot does. One point an
 * hour, at its start:
 *
 *   cgroup_hours,cluster=,namespace=,node=,workload=   counters of cgroups, sums; both names left out where it has none
 *   node_hours,cluster=,node=                          counters of nodes, sums; gauges, the last value of the hour
 *   rolled until_ms=                                   all hours before are rolled up
 */
import { cgroupMetrics, nodeMetrics } from '@dentryscope/contracts';
import type { Metric } from '@dentryscope/contracts';
import { tag } from '../line.js';

export const measurementOf = ({ level }: { readonly level: 'cgroup' | 'node' }) => `${level}_hours`;

export const measurements = (['cgroup', 'node'] as const).map((level) => measurementOf({ level }));

export const ROLLED = 'rolled';
export const UNTIL_FIELD = 'until_ms';

const named = (metrics: readonly Metric[], kind: Metric['kind']) =>
  metrics.filter((metric) => metric.kind === kind).map(({ name }) => name);

/** What is summed up, by the level of its points. */
export const counters = { cgroup: named(cgroupMetrics, 'counter'), node: named(nodeMetrics, 'counter') };
/** Those of cgroups are not kept: the last value of each cgroup would be needed, and cgroups are what is left out. */
export const nodeGauges = named(nodeMetrics, 'gauge');

export const hourTags = ['cluster', 'namespace', 'node', 'workload'] as const;
export type HourTags = Partial<Record<(typeof hourTags)[number], string>>;

/** One point of the bucket. */
export interface HourRow {
  readonly level: 'cgroup' | 'node';
  readonly tags: HourTags;
  /** By metric. Sums past 2^63 wrap around, as those that InfluxDB makes of windows do. */
  readonly values: ReadonlyMap<string, bigint>;
}

/** @param hourMs start of the hour, Unix milliseconds: the line's time */
export function hourLine({ level, tags, values }: HourRow, hourMs: number): string {
  const named = hourTags.flatMap((name) => (tags[name] === undefined ? [] : [`,${name}=${tag(tags[name])}`]));
  const fields = [...values].map(([name, value]) => `${name}=${BigInt.asIntN(64, value)}i`);
  return `${measurementOf({ level })}${named.join('')} ${fields.join(',')} ${hourMs}`;
}

export const rolledLine = (untilMs: number, hourMs: number) =>
  `${ROLLED} ${UNTIL_FIELD}=${untilMs}i ${hourMs}`;
