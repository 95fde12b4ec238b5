import { Problem, filterKeys } from '@dentryscope/contracts';
import type { OwnerFilter } from '@dentryscope/store';

const LARGEST_ID = (1n << 64n) - 1n;

/** @throws Problem invalid_request where a cgroup id is no 64-bit number */
export function filterOf(query: OwnerFilter): OwnerFilter {
  const given = filterKeys.filter((key) => query[key] !== undefined);
  const { cgroup } = query;
  if (cgroup !== undefined && !cgroup.startsWith('/') && BigInt(cgroup) > LARGEST_ID)
    throw new Problem('invalid_request', `cgroup=${cgroup} is no cgroup id: ids have 64 bits.`);
  return Object.fromEntries(given.map((key) => [key, query[key]]));
}
