/**
 * Windows of a thousand nodes as fast as they can be sent: some windows of a simulated fleet are encoded once, without
 * their heads, and each message is a head of its own before one of them. (A protobuf message is the concatenation of
 * its parts: protobuf.dev/programming-guides/encoding, "Last One Wins".)
 */
import { batchKey, createBatch, encodeBatch } from '@dentryscope/contracts';
import { createFleet } from '@dentryscope/simulator';

const WINDOW_MS = 10_000;
/** Windows whose bodies take turns; the first of all is another, since it tells every cgroup's path. */
const TURNS = 3;
const HEAD = ['cluster', 'node', 'bootId', 'seq', 'windowStartMs', 'windowEndMs', 'windowDurationNs'];

const headOf = (batch) => Object.fromEntries(HEAD.map((field) => [field, batch[field]]));
const without = (batch) => encodeBatch(Object.assign(createBatch(batch), { ...headOf(createBatch({})) }));

/** @returns rows: of a window, on average; messages(n): the nth window's, one a node */
export function recorded({ nodes, cgroups, windows, seed }) {
  const startMs = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS - windows * WINDOW_MS;
  const fleet = createFleet({
    nodes,
    cgroupsPerNode: cgroups,
    seed,
    cluster: 'memory',
    windowMs: WINDOW_MS,
    startMs,
  });
  let rows = 0;
  const shape = (batch) => {
    rows += batch.cgroups?.ids.length ?? 0;
    return [batch.node, { head: headOf(batch), body: without(batch) }];
  };
  const shapes = [];
  for (let n = 0; n <= TURNS; n += 1) shapes.push(new Map(fleet.window(n).map(shape)));
  const names = [...shapes[0].keys()];
  const message = (node, n) => {
    const { head: told, body } = shapes[n === 0 ? 0 : 1 + (n % TURNS)].get(node) ?? shapes[0].get(node);
    const windowStartMs = BigInt(startMs + n * WINDOW_MS);
    const windowEndMs = windowStartMs + BigInt(WINDOW_MS);
    const head = encodeBatch(createBatch({ ...told, seq: BigInt(n + 1), windowStartMs, windowEndMs }));
    return { key: batchKey({ cluster: 'memory', node }), value: Buffer.concat([head, body]) };
  };
  return { rows: rows / shapes.length, messages: (n) => names.map((node) => message(node, n)) };
}
