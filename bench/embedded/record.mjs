/** Messages of a simulated fleet, as many windows of them as are asked for: the columns are encoded once and sent again. */
import { batchKey, cgroupMetrics, encodeBatch, createBatch } from '@dentryscope/contracts';
import { createFleet } from '@dentryscope/simulator';

/** Any whole number of windows since 1970; the same one gives the same fleet. */
const START_MS = 1_790_000_000_000;
const WINDOW_MS = 10_000;
/** How many windows' columns are encoded; then they come again. */
const DISTINCT = 4;

/** The first so many counters that the node has; undefined where it has fewer: such nodes are left out. */
function withCounters({ cgroups, ...head }, counters) {
  const present = cgroupMetrics.filter(({ column }) => cgroups?.[column].length > 0);
  if (present.length < counters) return undefined;
  const columns = present.slice(0, counters).map(({ column }) => [column, cgroups[column]]);
  return { head, cgroups: { ids: cgroups.ids, ...Object.fromEntries(columns) } };
}

function recorded(batch, counters) {
  const parts = withCounters(batch, counters);
  if (!parts) return [];
  // A protobuf message may come in pieces: the columns, then the head, which differs from window to window.
  const columns = encodeBatch(createBatch({ cgroups: parts.cgroups }));
  return [{ head: parts.head, columns, rows: parts.cgroups.ids.length }];
}

/**
 * @returns rows: of a window of the whole fleet, in the mean; window(n): its messages. Window 0 also tells every
 *   cgroup's path, as the first window of an agent does.
 */
export function recordFleet({ nodes, cgroups, counters, seed }) {
  const options = { nodes, cgroupsPerNode: cgroups, seed, cluster: 'bench' };
  const fleet = createFleet({ ...options, windowMs: WINDOW_MS, startMs: START_MS });
  const windows = Array.from({ length: DISTINCT }, (_, n) =>
    fleet.window(n).flatMap((batch) => recorded(batch, counters)),
  );
  return (n) => messagesOf(windows[n === 0 ? 0 : 1 + ((n - 1) % (DISTINCT - 1))], n);
}

function messagesOf(window, n) {
  const times = {
    seq: BigInt(n + 1),
    windowStartMs: BigInt(START_MS + n * WINDOW_MS),
    windowEndMs: BigInt(START_MS + (n + 1) * WINDOW_MS),
  };
  return window.map(({ head, columns, rows }) => {
    const value = Buffer.concat([columns, encodeBatch(createBatch({ ...head, ...times }))]);
    return { rows, message: { key: batchKey(head), value } };
  });
}
