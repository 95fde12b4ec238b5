/** What the windows of an hour come to, read from the bucket of windows. */
import type { Owner } from '@dentryscope/contracts';
import { HOUR_MS } from '../../hour.js';
import { WINDOW_FIELD, nodeKey } from '../boots.js';
import type { Catalog } from '../catalog.js';
import { flat, from, isNode, list, quoted, time } from '../flux.js';
import type { Ask, NodeName } from '../flux.js';
import { nameOfTag } from '../line.js';
import { counters, measurementOf, measurements, nodeGauges } from './layout.js';
import type { HourRow } from './layout.js';
import { Totals } from './totals.js';

export interface Hour {
  readonly bucket: string;
  /** Its start, Unix milliseconds. */
  readonly hourMs: number;
}

const range = ({ hourMs }: Pick<Hour, 'hourMs'>) => ({ fromMs: hourMs, toMs: hourMs + HOUR_MS });

/** Those with a window that starts in the hour. */
export async function nodesOf(ask: Ask, hour: Hour): Promise<NodeName[]> {
  const { bucket } = hour;
  const windows = from({ bucket, measurement: 'node', field: WINDOW_FIELD, ...range(hour) });
  const tags = ['cluster', 'node'];
  const rows = await ask(`${windows} |> first()${flat(tags)}`, tags);
  const nodes = rows.map(([cluster, node]) => ({ cluster: nameOfTag(cluster!), node: nameOfTag(node!) }));
  return [...new Map(nodes.map((node) => [nodeKey(node), node])).values()];
}

/** Points of one measurement and node, of these fields. */
function fieldsOf(
  hour: Hour,
  measurement: string,
  where: readonly string[],
  fields: readonly string[],
): string {
  const { fromMs, toMs } = range(hour);
  const conditions = [
    `r._measurement == ${quoted(measurement)}`,
    `r._field =~ /^(${fields.join('|')})$/`,
    ...where,
  ];
  return `from(bucket: ${quoted(hour.bucket)})
    |> range(start: ${time(fromMs)}, stop: ${time(toMs)})
    |> filter(fn: (r) => ${conditions.join(' and ')})`;
}

const sumsBy = (columns: readonly string[]) => `|> group(columns: ${list(columns)}) |> sum() |> group()`;

/** Rows of a node's workloads, with the names as the catalog has them now; it must be current. */
export async function cgroupRows(ask: Ask, hour: Hour, node: NodeName, catalog: Catalog): Promise<HourRow[]> {
  const columns = ['cluster', 'node', 'boot', 'cgroup', '_field'];
  const flux = `${fieldsOf(hour, 'cgroup', [isNode(node)], counters.cgroup)} ${sumsBy(columns)}`;
  const rows = new Map<string, { level: 'cgroup'; tags: HourRow['tags']; values: Map<string, bigint> }>();
  for (const row of await ask(flux, [...columns, '_value'])) {
    const tags = workloadOf(catalog.owner(catalog.boot(row), row[3]!));
    const key = JSON.stringify([tags.namespace, tags.workload]);
    const known = rows.get(key) ?? { level: 'cgroup', tags, values: new Map<string, bigint>() };
    rows.set(key, known);
    known.values.set(row[4]!, (known.values.get(row[4]!) ?? 0n) + BigInt(row[5]!));
  }
  return [...rows.values()];
}

function workloadOf({ cluster, node, namespace, workload }: Owner): HourRow['tags'] {
  return {
    cluster,
    ...(node !== undefined && { node }),
    ...(namespace !== undefined && { namespace }),
    ...(workload !== undefined && { workload }),
  };
}

/**
 * The totals that an hour's points must come to: of counters, from all windows at once; of gauges of nodes, which do not add
 * up over time, as the rows have them.
 */
export async function counterTotals(ask: Ask, hour: Hour, ofNodes: readonly HourRow[]): Promise<Totals> {
  const totals = new Totals();
  const columns = ['_field'];
  for (const level of ['cgroup', 'node'] as const) {
    const flux = `${fieldsOf(hour, level, [], counters[level])} ${sumsBy(columns)}`;
    for (const [field, value] of await ask(flux, [...columns, '_value']))
      totals.put(measurementOf({ level }), field!, BigInt(value!));
  }
  const gauges = new Set(nodeGauges);
  for (const { level, values } of ofNodes)
    for (const [field, value] of values)
      if (gauges.has(field)) totals.put(measurementOf({ level }), field, value);
  return totals;
}

/** What the bucket of hours has of the hour. */
export async function hourTotals(ask: Ask, bucket: string, hourMs: number): Promise<Totals> {
  const { fromMs, toMs } = range({ hourMs });
  const columns = ['_measurement', '_field'];
  const flux = `from(bucket: ${quoted(bucket)})
    |> range(start: ${time(fromMs)}, stop: ${time(toMs)})
    |> filter(fn: (r) => ${measurements.map((name) => `r._measurement == ${quoted(name)}`).join(' or ')})
    ${sumsBy(columns)}`;
  const totals = new Totals();
  for (const [measurement, field, value] of await ask(flux, [...columns, '_value']))
    totals.put(measurement!, field!, BigInt(value!));
  return totals;
}

/** A row of each node, whatever booted meanwhile. */
export async function nodeRows(ask: Ask, hour: Hour): Promise<HourRow[]> {
  const rows = new Map<string, { level: 'node'; tags: NodeName; values: Map<string, bigint> }>();
  const put = (cluster: string, node: string, field: string, value: string) => {
    const tags = { cluster: nameOfTag(cluster), node: nameOfTag(node) };
    const key = nodeKey(tags);
    const known = rows.get(key) ?? { level: 'node', tags, values: new Map<string, bigint>() };
    rows.set(key, known);
    known.values.set(field, BigInt(value));
  };
  for (const [cluster, node, field, value] of await askCounters(ask, hour))
    put(cluster!, node!, field!, value!);
  // Of two boots the later one's value comes later, and stays.
  for (const [, cluster, node, field, value] of await askGauges(ask, hour))
    put(cluster!, node!, field!, value!);
  return [...rows.values()];
}

function askCounters(ask: Ask, hour: Hour): Promise<string[][]> {
  const columns = ['cluster', 'node', '_field'];
  return ask(`${fieldsOf(hour, 'node', [], counters.node)} ${sumsBy(columns)}`, [...columns, '_value']);
}

function askGauges(ask: Ask, hour: Hour): Promise<string[][]> {
  const columns = ['_time', 'cluster', 'node', '_field', '_value'];
  const lasts = `${fieldsOf(hour, 'node', [], nodeGauges)} |> last()${flat(columns)}`;
  return ask(`${lasts} |> sort(columns: ["_time"])`, columns);
}
