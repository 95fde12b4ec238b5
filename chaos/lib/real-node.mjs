/**
 * The node of the real agent. What its kernel counted nobody can know beforehand; what the transport holds is what its
 * agent closed, if the numbers of its windows have no gap. The API must give the same, window by window.
 */
import { batchKey, decodeBatch, topics } from '@dentryscope/contracts';
import { openConsumer, topicExtents } from '@dentryscope/transport';
import { CLUSTER, WINDOW_MS } from './content.mjs';
import { REAL_NODE } from './systems.mjs';
import { compared, tally } from './verdict.mjs';

const KEY = batchKey({ cluster: CLUSTER, node: REAL_NODE });
const METRICS = [
  ['node_dentries', 'gauge', ({ state }) => [state?.nrDentry].filter((value) => value !== undefined)],
  ['dentries_allocated', 'counter', ({ cgroups }) => cgroups?.dentriesAllocated ?? []],
];

/** @returns the node's batches on the topic now, each once, by boot and sequence */
async function published({ settings }) {
  const ends = new Map([...(await topicExtents(settings, topics.deltas))].map(([n, { next }]) => [n, next]));
  const batches = new Map();
  const consumer = openConsumer(settings, topics.deltas, 'chaos-truth', { ephemeral: true });
  const open = new Set([...ends].filter(([, next]) => next > 0n).map(([partition]) => partition));
  await new Promise((resolve, reject) => {
    if (open.size === 0) resolve();
    const running = consumer.run(async (messages) => {
      for (const { key, value, offset, partition } of messages) {
        if (offset + 1n >= ends.get(partition)) open.delete(partition);
        if (key !== KEY) continue;
        const batch = decodeBatch(value);
        batches.set(`${batch.bootId}/${batch.seq}`, batch);
      }
      if (open.size === 0) resolve();
    });
    running.catch(reject);
  });
  await consumer.close();
  return [...batches.values()].sort((a, b) => Number(a.windowStartMs - b.windowStartMs));
}

/** How many are missing between the first number of each boot, which is any, and the last. */
function gaps(batches) {
  const boots = new Map();
  for (const { bootId, seq } of batches) {
    const { first = seq, last = seq, count = 0 } = boots.get(bootId) ?? {};
    boots.set(bootId, { first: seq < first ? seq : first, last: seq > last ? seq : last, count: count + 1 });
  }
  return [...boots.values()].reduce(
    (sum, { first, last, count }) => sum + Number(last - first) + 1 - count,
    0,
  );
}

function steps(batches, fromMs, count, [, kind, valuesOf]) {
  const expected = new Array(count).fill(null);
  for (const batch of batches) {
    const values = valuesOf(batch);
    const step = Math.floor((Number(batch.windowStartMs) - fromMs) / WINDOW_MS);
    if (values.length === 0) continue;
    const sum = Number(values.reduce((total, value) => total + value, 0n));
    expected[step] = kind === 'gauge' ? sum : (expected[step] ?? 0) + sum;
  }
  return expected;
}

/** @returns as judge() does */
export async function judgeReal(system) {
  const batches = await published(system);
  const fromMs = Math.floor(Number(batches[0].windowStartMs) / WINDOW_MS) * WINDOW_MS;
  // The last step may get another window yet.
  const count = Math.floor((Number(batches.at(-1).windowStartMs) - fromMs) / WINDOW_MS);
  const all = [];
  for (const metric of METRICS) {
    const expected = steps(batches, fromMs, count + 1, metric).slice(0, count);
    const where = { node: REAL_NODE, metric: metric[0] };
    all.push(await compared(system.address, where, { fromMs, count }, expected));
  }
  const told = tally(all);
  return { windows: batches.length, ...told, lost: told.lost + gaps(batches), unnamed: 0 };
}
