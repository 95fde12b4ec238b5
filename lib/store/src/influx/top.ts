import type { Dimension, Metric, Owner } from '@dentryscope/contracts';
import { combined, term } from '../combine.js';
import { compareOwners, ownerAt } from '../owner.js';
import type { TopRequest, TopResult } from '../types.js';
import { askLastBoots, nodeKey } from './boots.js';
import type { Catalog } from './catalog.js';
import { flat, from, list, ofNodes } from './flux.js';
import type { Ask } from './flux.js';
import { nameOfTag } from './line.js';
import { placeTags } from './place.js';
import { questions } from './wanted.js';

export interface Row {
  readonly owner: Owner;
  readonly value: bigint;
}

/** Sums of a counter of cgroups, lasts of a gauge; the catalog must be current where owners have names. */
export async function cgroupTop(
  ask: Ask,
  bucket: string,
  request: TopRequest,
  catalog: Catalog,
): Promise<Row[]> {
  const { filter, by, metric, fromMs, toMs } = request;
  const range = { bucket, measurement: metric.level, field: metric.name, fromMs, toMs };
  const gauge = metric.kind === 'gauge';
  const boots = gauge ? await askLastBoots(ask, { ...range, where: ofNodes(filter) }) : undefined;
  const found: Row[][] = [];
  for (const where of questions(filter, catalog)) {
    const source = from({ ...range, where });
    if (boots) found.push(await cgroupLasts(ask, source, by, catalog, boots));
    else found.push(await (by === 'node' ? nodeSums(ask, source) : cgroupSums(ask, source, by, catalog)));
  }
  return found.flat();
}

/** The last of each series is read from its end: InfluxDB looks at no more than that. */
async function cgroupLasts(
  ask: Ask,
  source: string,
  by: Dimension,
  catalog: Catalog,
  boots: ReadonlyMap<string, string>,
): Promise<Row[]> {
  const columns = [...placeTags, 'cgroup', '_value'];
  const rows = await ask(`${source} |> last()${flat(columns)}`, columns);
  return rows.flatMap((row) => {
    const boot = catalog.boot(row);
    if (boots.get(nodeKey(boot.place)) !== boot.place.bootId) return [];
    return { owner: ownerAt(by, catalog.owner(boot, row[3]!)), value: BigInt(row[4]!) };
  });
}

/** Summed by InfluxDB: one row a node. */
async function nodeSums(ask: Ask, source: string): Promise<Row[]> {
  const tags = ['cluster', 'node'];
  const rows = await ask(`${source} |> group(columns: ${list(tags)}) |> sum() |> group()`, [
    ...tags,
    '_value',
  ]);
  return rows.map(([cluster, node, value]) => ({
    owner: { cluster: nameOfTag(cluster!), node: nameOfTag(node!) },
    value: BigInt(value!),
  }));
}

/** Summed by InfluxDB for each cgroup, then here for each owner: only here the names are known. */
async function cgroupSums(ask: Ask, source: string, by: Dimension, catalog: Catalog): Promise<Row[]> {
  const tags = [...placeTags, 'cgroup'];
  // Grouped as it is already: so asked, InfluxDB takes half as long as for the sum of each series.
  const rows = await ask(`${source} |> group(columns: ${list(tags)}) |> sum() |> group()`, [
    ...tags,
    '_value',
  ]);
  return rows.map((row) => ({
    owner: ownerAt(by, catalog.owner(catalog.boot(row), row[3]!)),
    value: BigInt(row[4]!),
  }));
}

export async function nodeTop(ask: Ask, bucket: string, request: TopRequest): Promise<Row[]> {
  const { filter, fromMs, toMs } = request;
  const { name: field, kind } = request.metric;
  const source = from({ bucket, measurement: 'node', field, fromMs, toMs, where: ofNodes(filter) });
  return kind === 'gauge' ? lastOfNodes(ask, source) : nodeSums(ask, source);
}

/** InfluxDB tells the last of each boot: the latest of those is the node's. */
export async function lastOfNodes(ask: Ask, source: string): Promise<Row[]> {
  const columns = ['cluster', 'node', '_time', '_value'];
  const newest = new Map<string, { ms: number; row: Row }>();
  for (const [cluster, node, time, value] of await ask(`${source} |> last()${flat(columns)}`, columns)) {
    const owner = { cluster: nameOfTag(cluster!), node: nameOfTag(node!) };
    const key = nodeKey(owner);
    const ms = Date.parse(time!);
    if ((newest.get(key)?.ms ?? -Infinity) <= ms)
      newest.set(key, { ms, row: { owner, value: BigInt(value!) } });
  }
  return [...newest.values()].map(({ row }) => row);
}

/** All later rows, and those earlier ones whose owner has none: of a gauge the last value counts. */
export function onlyLater(earlier: readonly Row[], later: readonly Row[]): Row[] {
  const told = new Set(later.map(({ owner }) => JSON.stringify(owner)));
  return [...earlier.filter(({ owner }) => !told.has(JSON.stringify(owner))), ...later];
}

/** Rows of the same owner as one, the largest first. */
export function topResult(
  found: readonly Row[],
  { metric, limit }: { metric: Metric; limit: number },
): TopResult {
  const owners = new Map<string, { owner: Owner; value: bigint }>();
  let total = 0n;
  for (const row of found) {
    const value = term(metric, row.value);
    total += value;
    const key = JSON.stringify(row.owner);
    const known = owners.get(key);
    if (known) known.value += value;
    else owners.set(key, { owner: row.owner, value });
  }
  const sorted = [...owners.values()].sort((a, b) =>
    a.value === b.value ? compareOwners(a.owner, b.owner) : a.value < b.value ? 1 : -1,
  );
  const rows = sorted.slice(0, limit).map(({ owner, value }) => ({ owner, value: combined(metric, value) }));
  return { ...(rows.length > 0 && { total: combined(metric, total) }), rows };
}
