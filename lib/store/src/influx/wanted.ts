import type { Owner } from '@dentryscope/contracts';
import { parseCgroup } from '../request.js';
import type { Place } from '../infos.js';
import type { OwnerFilter } from '../types.js';
import type { Catalog } from './catalog.js';
import { anyOf, cgroupsOf, ofNodes, tagIs } from './flux.js';

/** Cgroups a question: a condition that names more takes InfluxDB longer to read than to answer. */
const QUESTION_CGROUPS = 500;

const names = ['namespace', 'workload', 'pod', 'container'] as const;

export const needsNames = (filter: OwnerFilter) =>
  names.some((name) => filter[name] !== undefined) || filter.cgroup?.startsWith('/') === true;

/**
 * The conditions on tags that a filter comes down to: one list a question, and no question where nothing can match.
 * Names are looked up in the catalog, which must be current.
 */
export function questions(filter: OwnerFilter, catalog: Catalog): string[][] {
  const base = ofNodes(filter);
  const cgroup = filter.cgroup === undefined ? undefined : parseCgroup(filter.cgroup);
  if (filter.cgroup !== undefined && !cgroup) return [];
  if (cgroup && 'id' in cgroup) base.push(tagIs('cgroup', String(cgroup.id)));
  if (!needsNames(filter)) return [base];
  const found = [...catalog.all()].filter(({ owner }) => matches(filter, owner));
  return slices(found, QUESTION_CGROUPS).map((slice) => [...base, condition(slice)]);
}

function matches(filter: OwnerFilter, owner: Owner): boolean {
  const path = filter.cgroup?.startsWith('/') ? filter.cgroup : undefined;
  if (path !== undefined && owner.path !== path) return false;
  return (['cluster', 'node', ...names] as const).every(
    (name) => filter[name] === undefined || owner[name] === filter[name],
  );
}

function condition(cgroups: readonly { place: Place; owner: Owner }[]): string {
  const places = new Map<Place, string[]>();
  for (const { place, owner } of cgroups) {
    const ids = places.get(place);
    if (ids) ids.push(owner.cgroupId!);
    else places.set(place, [owner.cgroupId!]);
  }
  return anyOf([...places].map(([place, ids]) => cgroupsOf(place, ids)));
}

export function slices<T>(all: readonly T[], length: number): T[][] {
  const count = Math.ceil(all.length / length);
  return Array.from({ length: count }, (_, n) => all.slice(n * length, (n + 1) * length));
}
