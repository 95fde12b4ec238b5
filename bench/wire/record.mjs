/** A simulated fleet's windows, in the two ways they could be sent. */
import { batchToJson, cgroupMetrics, createBatch, decodeBatch, encodeBatch } from '@dentryscope/contracts';
import { createFleet } from '@dentryscope/simulator';

/** Any whole number of windows since 1970; the same one gives the same fleet. */
const START_MS = 1_790_000_000_000;
const WINDOW_MS = 10_000;

/** What an exporter without columns sends of one cgroup and window: names and values, all that the columns say of it. */
function rowOf({ cluster, node, bootId, seq, windowStartMs, windowEndMs, cgroups }, at) {
  const counted = cgroupMetrics.filter(({ column }) => cgroups[column].length > 0);
  return {
    ...{ cluster, node, boot_id: bootId, seq: Number(seq) },
    ...{ window_start_ms: Number(windowStartMs), window_end_ms: Number(windowEndMs) },
    cgroup_id: String(cgroups.ids[at]),
    ...Object.fromEntries(counted.map(({ name, column }) => [name, Number(cgroups[column][at])])),
  };
}

/** The same content: the columns and whose they are, without what else rides in a window. */
function columnsOf({ cluster, node, bootId, seq, windowStartMs, windowEndMs, cgroups }) {
  return createBatch({ cluster, node, bootId, seq, windowStartMs, windowEndMs, cgroups });
}

const bytesOf = (row) => Buffer.from(JSON.stringify(row));

/** @throws Error where the two ways do not say the same */
function checkSame({ json, columns }) {
  const batch = decodeBatch(columns);
  const rows = batch.cgroups.ids.map((_, at) => JSON.stringify(rowOf(batch, at)));
  if (rows.length !== json.length || rows.some((row, at) => row !== json[at].toString()))
    throw new Error(`JSON and protobuf differ in ${batchToJson(batch).slice(0, 200)}`);
}

/** A seeded fleet's windows that have rows. */
export function windowsOf({ nodes, cgroups, windows, seed }) {
  const options = { nodes, cgroupsPerNode: cgroups, seed, cluster: 'bench' };
  const fleet = createFleet({ ...options, windowMs: WINDOW_MS, startMs: START_MS });
  // Window 0 says every cgroup's path, which happens every few minutes only; nodes without hooks have no rows.
  const batches = Array.from({ length: windows }, (_, n) => fleet.window(n + 1)).flat();
  return batches.filter((batch) => batch.cgroups?.ids.length > 0);
}

/** @returns one entry a node and window: `json` a message a cgroup, `columns` and `whole` one message */
export function record(fleet) {
  const recorded = windowsOf(fleet).map((batch) => ({
    json: batch.cgroups.ids.map((_, at) => bytesOf(rowOf(batch, at))),
    columns: encodeBatch(columnsOf(batch)),
    whole: encodeBatch(batch),
  }));
  recorded.forEach(checkSame);
  return recorded;
}
