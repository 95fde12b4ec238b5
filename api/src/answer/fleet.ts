import type { FleetAnswer, Node } from '@dentryscope/contracts';
import { iso } from '../query/times.js';
import { missingOf } from './missing.js';
import { present } from './present.js';

const WORST = 10;

/** undefined where no node has the figure: a sum of nothing is not 0. */
function sum(
  nodes: readonly Node[],
  key: 'dentries' | 'dentriesUnused' | 'dentriesNegative',
): bigint | undefined {
  const values = nodes.flatMap((node) => (node[key] === undefined ? [] : [BigInt(node[key])]));
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0n);
}

function growth(nodes: readonly Node[]): number | undefined {
  const values = nodes.flatMap(({ dentryGrowthPerSecond }) => dentryGrowthPerSecond ?? []);
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
}

/** Most dentries first; nodes that don't tell come last. Silent ones stay in: the worst node is often the one that fell silent. */
function worst(nodes: readonly Node[]): Node[] {
  const dentries = (node: Node) => (node.dentries === undefined ? -1n : BigInt(node.dentries));
  return [...nodes]
    .sort((a, b) => (dentries(a) === dentries(b) ? 0 : dentries(a) < dentries(b) ? 1 : -1))
    .slice(0, WORST);
}

/** @param cluster the only one that was asked for */
export function fleetOf(nodes: readonly Node[], now: number, cluster?: string): FleetAnswer {
  const reporting = nodes.filter((node) => node.reporting);
  return {
    time: iso(now),
    nodes: {
      total: nodes.length,
      reporting: reporting.length,
      silent: nodes.length - reporting.length,
      degraded: nodes.filter(({ degraded }) => degraded.length > 0).length,
    },
    dentries: present({
      total: sum(reporting, 'dentries'),
      unused: sum(reporting, 'dentriesUnused'),
      negative: sum(reporting, 'dentriesNegative'),
      growthPerSecond: growth(reporting),
    }),
    worst: worst(nodes),
    missing: missingOf(nodes, now, cluster),
  };
}
