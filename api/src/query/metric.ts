import { Problem, findMetric, metrics } from '@dentryscope/contracts';
import type { Dimension, Metric } from '@dentryscope/contracts';
import type { OwnerFilter } from '@dentryscope/store';
import { near } from './near.js';

/** @throws Problem unknown_metric */
export function metricOf(name: string): Metric {
  const metric = findMetric(name);
  if (metric) return metric;
  const likely = near(
    name,
    metrics.map((known) => known.name),
  );
  const meant = likely.length > 0 ? ` Did you mean ${likely.join(' or ')}?` : '';
  throw new Problem(
    'unknown_metric',
    `There is no metric ${name.slice(0, 100)}.${meant} GET /v1/metrics lists all.`,
  );
}

/** A figure of the whole node can't be split among pods: an empty answer would look like "none". @throws Problem */
export function checkNodeFilter(metric: Metric, filter: OwnerFilter): void {
  if (metric.level !== 'node') return;
  const finer = Object.keys(filter).filter((key) => key !== 'cluster' && key !== 'node');
  if (finer.length === 0) return;
  throw new Problem(
    'invalid_request',
    `${metric.name} is a figure of the whole node: the kernel does not say which ${finer[0]} it belongs to. Leave out ${finer.join(', ')}; only cluster and node narrow it.`,
  );
}

/** @returns what the figure is grouped by @throws Problem */
export function dimensionOf(metric: Metric, by: Dimension | undefined): Dimension {
  if (by === undefined) return metric.level === 'node' ? 'node' : 'cgroup';
  if (metric.level === 'node' && by !== 'node')
    throw new Problem(
      'invalid_request',
      `${metric.name} is a figure of the whole node and can't be split by ${by}: ask by=node, or leave it out.`,
    );
  return by;
}
