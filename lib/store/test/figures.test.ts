/** Rows across chunks of DuckDB, from lists and from typed arrays, with counters that only some nodes have. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createBatch, decodeWindow, encodeBatch } from '@dentryscope/contracts';
import type { NodeBatchInit, WindowBatch } from '@dentryscope/contracts';
import { openEmbeddedStore } from '@dentryscope/store';
import { T0, allocated, freed, top } from './fixtures.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-figures-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CHUNK = 2048;
const allocatedBy = (node: number, n: number) => BigInt(node * 1_000_000 + n) << BigInt(n % 30);

/** Nodes that see dentries_freed take turns with such that do not, so that a chunk has both. */
function batchOf(node: number, rows: number): WindowBatch {
  const ids = Array.from({ length: rows }, (_, n) => 2n ** 64n - 1n - BigInt(n));
  const columns = {
    ids,
    dentriesAllocated: ids.map((_, n) => allocatedBy(node, n)),
    ...(node % 2 === 0 ? { dentriesFreed: ids.map((_, n) => BigInt(n)) } : {}),
  };
  const whole = createBatch({
    ...{ cluster: 'c', node: `n${node}`, bootId: 'b', seq: 1n },
    ...{ windowStartMs: BigInt(T0), windowEndMs: BigInt(T0 + 1), cgroups: columns },
  } as NodeBatchInit);
  return node % 3 === 0 ? whole : decodeWindow(encodeBatch(whole));
}

const sum = (values: bigint[]) => values.reduce((a, b) => a + b, 0n);
const range = (rows: number) => Array.from({ length: rows }, (_, n) => n);

test.each([
  ['one row', [1]],
  ['chunks that end with a window', [CHUNK, CHUNK, 1]],
  ['windows over several chunks, and none', [5000, 0, CHUNK - 1, 3, 7000, 64, 63]],
])('%s', async (_, sizes) => {
  const { writer, reader, close } = await openEmbeddedStore({ directory: mkdtempSync(join(root, 'store-')) });
  await writer.write(sizes.map((rows, node) => batchOf(node, rows)));
  const [made, lost] = [await top(reader, 'node'), await top(reader, 'node', { metric: freed })];
  const of = ({ rows }: typeof made) =>
    Object.fromEntries(rows.map(({ owner, value }) => [owner.node, value]));
  const full = [...sizes.entries()].filter(([, rows]) => rows > 0);
  expect(of(made)).toEqual(
    Object.fromEntries(
      full.map(([node, rows]) => [`n${node}`, sum(range(rows).map((n) => allocatedBy(node, n)))]),
    ),
  );
  // A node that cannot see the counter has no row: not seen is not 0.
  expect(of(lost)).toEqual(
    Object.fromEntries(
      full
        .filter(([node]) => node % 2 === 0)
        .map(([node, rows]) => [`n${node}`, sum(range(rows).map(BigInt))]),
    ),
  );
  const last = await top(reader, 'cgroup', { metric: allocated, limit: 100_000, filter: { node: 'n0' } });
  expect(last.rows).toHaveLength(sizes[0]!);
  await close();
});

test('a figure from 2^63 on is refused for good, beside others and in a typed array', async () => {
  const { writer, reader, close } = await openEmbeddedStore({ directory: mkdtempSync(join(root, 'store-')) });
  const cgroups = { ids: [1n, 2n], dentriesAllocated: [1n, 2n ** 63n] };
  const poison = { ...batchOf(1, 1), cgroups: createBatch({ cgroups } as NodeBatchInit).cgroups! };
  const typed = decodeWindow(encodeBatch(createBatch(poison as NodeBatchInit)));
  for (const batch of [poison, typed])
    await expect(writer.write([batchOf(0, 3000), batch])).rejects.toMatchObject({ retryable: false });
  expect(await top(reader, 'node')).toEqual({ rows: [] });
  await close();
});
