/** Blocks of windows: the very bytes come back, whatever they are. */
import { describe, expect, it } from 'vitest';
import { createBatch, encodeBatch } from '@dentryscope/contracts';
import { packBlock, unpackBlock } from '../src/pack/block.js';
import { busyNode } from './busy-node.js';
import { noise } from './spool-helpers.js';

const startMs = Date.UTC(2026, 10, 20);
const same = async (windows: readonly Uint8Array[]) => {
  const block = await packBlock(windows);
  expect(unpackBlock(block).map((bytes) => Buffer.from(bytes))).toEqual(
    windows.map((bytes) => Buffer.from(bytes)),
  );
  return block.length;
};

describe('a block of windows', () => {
  it('gives back what a busy node sends, in less than two thirds of gzip', { timeout: 60_000 }, async () => {
    const { gzipSync } = await import('node:zlib');
    const node = busyNode(startMs);
    const windows = Array.from({ length: 32 }, (_, n) => encodeBatch(node.window(n + 100)));
    const single = windows.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
    expect(await same(windows)).toBeLessThan((single * 2) / 3);
  });

  it('gives back ids above 2^53 and what lies at the edges of 64 bits', async () => {
    const edges = [0n, 1n, 127n, 128n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
    const window = (ids: bigint[], dentriesAllocated: bigint[]) =>
      encodeBatch(
        createBatch({ cluster: 'c', node: 'n', bootId: 'b', seq: 1n, cgroups: { ids, dentriesAllocated } }),
      );
    await same([
      window(edges, edges),
      window([(9n << 56n) + 5n], [6n]),
      window([], []),
      window([5n], [3_000n]),
    ]);
  });

  it('gives back what is no window at all: nothing, noise, other fields, a window that is cut off', async () => {
    const window = encodeBatch(busyNode(startMs).window(3));
    await same([new Uint8Array(), noise(1000), Buffer.from('w1')]);
    await same([window, window.subarray(0, window.length - 3)]);
    // Field 11, a message, with varints that are longer than they have to be; and a field that no release has.
    const odd = Buffer.from([0x5a, 0x06, 0x12, 0x04, 0x81, 0x00, 0x82, 0x00, 0xfa, 0x7f, 0x01, 0x07]);
    await same([window, odd]);
  });
});
