/** Messages for tests. */
import { batchKey, createBatch, encodeBatch, topics } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import type { Message, Received } from '@dentryscope/transport';

const START_MS = 1_790_000_000_000n;

/** Window `seq` of a node with two cgroups that allocated `seq` and 1000 dentries. */
export function batch(node: string, seq: number): NodeBatch {
  const windowStartMs = START_MS + BigInt(seq) * 10_000n;
  return createBatch({
    cluster: 'test',
    node,
    bootId: `boot-of-${node}`,
    seq: BigInt(seq),
    windowStartMs,
    windowEndMs: windowStartMs + 10_000n,
    windowDurationNs: 10_000_000_000n,
    state: { nrDentry: 5000n },
    cgroups: { ids: [11n, (4n << 56n) | 12n], dentriesAllocated: [BigInt(seq), 1000n] },
    cgroupInfos: [{ id: 11n, path: '/a', hierarchy: 'v2' }],
  });
}

export const messageOf = (one: NodeBatch): Message => ({ key: batchKey(one), value: encodeBatch(one) });

let nextOffset = 0n;

export function received(value: Uint8Array | NodeBatch, partition = 0): Received {
  const message = value instanceof Uint8Array ? { key: 'k', value } : messageOf(value);
  return { ...message, topic: topics.deltas, partition, offset: nextOffset++, timestampMs: Date.now() };
}

/** What random, broken and lying senders send: each with the class of reason it has to be given up for. */
export function poison(): { name: string; value: Uint8Array; reason: 'unreadable' | 'invalid' }[] {
  const good = batch('poison', 1);
  const { $typeName: _, ...fields } = good;
  const invalid = (name: string, change: Partial<Parameters<typeof createBatch>[0]>) =>
    ({ name, value: encodeBatch(createBatch({ ...fields, ...change })), reason: 'invalid' }) as const;
  return [
    {
      name: 'random bytes',
      value: Uint8Array.from({ length: 512 }, (_, n) => (n * 151 + 7) % 256),
      reason: 'unreadable',
    },
    { name: 'JSON', value: Buffer.from('{"cluster":"test"}'), reason: 'unreadable' },
    { name: 'a torn batch', value: encodeBatch(good).subarray(0, 40), reason: 'unreadable' },
    { name: 'nothing', value: new Uint8Array(), reason: 'invalid' },
    invalid('no node', { node: '' }),
    invalid('seq 0', { seq: 0n }),
    invalid('a window that ends before it starts', { windowEndMs: 1n }),
    invalid('a value too few', { cgroups: { ids: [1n, 2n], dentriesAllocated: [1n] } }),
    invalid('a cgroup twice', { cgroups: { ids: [1n, 1n], dentriesAllocated: [1n, 1n] } }),
    invalid('a delta beyond reason', { cgroups: { ids: [1n], dentriesAllocated: [1n << 60n] } }),
  ];
}
