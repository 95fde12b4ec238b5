import type { Metric, TopAnswer } from '@dentryscope/contracts';
import type { TopResult } from '@dentryscope/store';

/** Of cgroups only those that have some: a cgroup is in a window for any of its counters, and has 0 of the others. */
export function topItems({ rows }: TopResult, { level }: Pick<Metric, 'level'>): TopAnswer['items'] {
  const some = level === 'cgroup' ? rows.filter(({ value }) => value !== 0n) : rows;
  return some.map(({ owner, value }) => ({ ...owner, value }));
}
