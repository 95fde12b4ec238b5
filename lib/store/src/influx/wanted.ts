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
  const found = matching(filter, catalog);
  return slices(found, QUESTION_CGROUPS).map((slice) => [...base, condition(slice)]);
}

interface Match {
  readonly place: Place;
  readonly id: string;
}

function matching(filter: OwnerFilter, catalog: Catalog): Match[] {
  const path = filter.cgroup?.startsWith('/') ? filter.cgroup : undefined;
  const found: Match[] = [];
  for (const boot of catalog.all()) {
    if (!agrees(filter, boot.place, ['cluster', 'node'])) continue;
    for (const [id, told] of boot.told)
      if ((path === undefined || told.path === path) && agrees(filter, catalog.owner(boot, id), names))
        found.push({ place: boot.place, id });
  }
  return found;
}

function agrees(
  filter: OwnerFilter,
  owner: Partial<Owner>,
  fields: readonly (keyof OwnerFilter & keyof Owner)[],
) {
  return fields.every((field) => filter[field] === undefined || owner[field] === filter[field]);
}

function condition(cgroups: readonly Match[]): string {
  const places = new Map<Place, string[]>();
  for (const { place, id } of cgroups) {
    const ids = places.get(place);
    if (ids) ids.push(id);
    else places.set(place, [id]);
  }
  return anyOf([...places].map(([place, ids]) => cgroupsOf(place, ids)));
}

export function slices<T>(all: readonly T[], length: number): T[][] {
  const count = Math.ceil(all.length / length);
  return Array.from({ length: count }, (_, n) => all.slice(n * length, (n + 1) * length));
}
