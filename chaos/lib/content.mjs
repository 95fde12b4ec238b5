/** What the simulated agents say: of each node and window one value a figure, never told twice alike. */
import { createBatch } from '@dentryscope/contracts';
import { mulberry32 } from '../../scripts/lib/random.mjs';

export const CLUSTER = 'chaos';
export const WINDOW_MS = 1000;
const CGROUPS = 4;
/** Of a cgroup and window, how often it had nothing to say. */
const QUIET = 1 / 8;
/** Below 2^40: a sum of two is exact in JSON, and told from one. */
const most = 2 ** 40;

export const cgroupColumns = [
  { name: 'dentries_allocated', column: 'dentriesAllocated' },
  { name: 'dentries_freed', column: 'dentriesFreed' },
];
export const NODE_METRIC = 'node_dentries';

export const nodeName = (index) => `chaos-${index}`;
export const cgroupIds = (node) => Array.from({ length: CGROUPS }, (_, n) => 1000 * (node + 1) + n);
export const cgroupPath = (id) => `/system.slice/chaos-${id}.service`;

/** FNV-1a over numbers: neighbours share nothing. */
function mixed(...numbers) {
  let hash = 0x811c9dc5;
  for (const number of numbers) {
    hash = Math.imul(hash ^ (number & 0xffff), 0x01000193);
    hash = Math.imul(hash ^ (number >>> 16), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * @param node index; window: index from 0
 * @returns dentries and, of each cgroup that had something to say, its figures in the order of cgroupColumns
 */
export function valuesOf(seed, node, window) {
  const random = mulberry32(mixed(seed, node, window));
  const value = () => 1 + Math.floor(random() * (most - 1));
  const dentries = value();
  const cgroups = cgroupIds(node)
    .map((id) => ({ id, quiet: random() < QUIET, values: cgroupColumns.map(value) }))
    .filter(({ quiet }) => !quiet);
  return { dentries, cgroups };
}

/** @param infos tell who the cgroups are: the first window of an agent that has just begun */
export function batchOf({ seed, node, window, baseMs, bootId, seq, infos }) {
  const { dentries, cgroups } = valuesOf(seed, node, window);
  const startMs = baseMs + window * WINDOW_MS;
  return createBatch({
    cluster: CLUSTER,
    node: nodeName(node),
    bootId,
    seq,
    windowStartMs: BigInt(startMs),
    windowEndMs: BigInt(startMs + WINDOW_MS),
    windowDurationNs: BigInt(WINDOW_MS) * 1_000_000n,
    state: { nrDentry: BigInt(dentries) },
    cgroups: {
      ids: cgroups.map(({ id }) => BigInt(id)),
      ...Object.fromEntries(
        cgroupColumns.map(({ column }, n) => [column, cgroups.map(({ values }) => BigInt(values[n]))]),
      ),
    },
    cgroupInfos: infos
      ? cgroupIds(node).map((id) => ({ id: BigInt(id), path: cgroupPath(id), hierarchy: 'v2' }))
      : [],
  });
}
