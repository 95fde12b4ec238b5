/** The columns as typed arrays say what the lists say, whatever the bytes. */
import { describe, expect, it } from 'vitest';
import { clearField } from '@bufbuild/protobuf';
import {
  NodeBatchSchema,
  WindowMemory,
  bytesWithout,
  cgroupMetrics,
  checkBatch,
  createBatch,
  decodeBatch,
  decodeWindow,
  encodeBatch,
  nodeBatchOf,
} from '@dentryscope/contracts';
import type { NodeBatchInit, WindowBatch } from '@dentryscope/contracts';
import { firstBytes, goldenBytes } from './everything.js';

const head = { cluster: 'c', node: 'n', bootId: 'b', seq: 1n, windowStartMs: 1n, windowEndMs: 2n };
const encode = (cgroups: NodeBatchInit['cgroups'], rest = {}) =>
  encodeBatch(createBatch({ ...head, ...rest, cgroups } as NodeBatchInit));

const expectSame = (bytes: Uint8Array) =>
  expect(nodeBatchOf(decodeWindow(bytes))).toEqual(decodeBatch(bytes));
const isTyped = (batch: WindowBatch) => batch.cgroups?.ids instanceof BigUint64Array;

const edges = [
  0n,
  1n,
  127n,
  128n,
  16383n,
  16384n,
  2n ** 28n,
  2n ** 31n,
  2n ** 32n,
  2n ** 35n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const edgeIds = edges.map((_, n) => BigInt(n));

describe('typed columns', () => {
  it('hold the values at every edge of the wire, and of what every release sent', () => {
    const bytes = encode({
      ids: edges,
      dentriesAllocated: [...edges].reverse(),
      dentriesFreed: edges.map(() => 0n),
    });
    expect(isTyped(decodeWindow(bytes))).toBe(true);
    for (const one of [bytes, firstBytes, goldenBytes, encode(undefined), encode({ ids: [] })])
      expectSame(one);
  });

  it('give way to lists where a list comes in pieces, and lose none of them', () => {
    const pieces = [
      encode({ ids: [1n], dentriesAllocated: [5n] }),
      encode({ ids: [2n], dentriesAllocated: [300n] }),
    ];
    const bytes = Buffer.concat(pieces);
    expectSame(bytes);
    expect(decodeWindow(bytes).cgroups).toMatchObject({ ids: [1n, 2n], dentriesAllocated: [5n, 300n] });
  });

  it('refuse what lists refuse, byte by byte of a message that is cut or changed', () => {
    const outcome = (decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array) => {
      try {
        return decode(bytes);
      } catch (error) {
        return (error as Error).message;
      }
    };
    for (let at = 0; at < goldenBytes.length; at++) {
      const changed = Uint8Array.from(goldenBytes);
      changed[at] = changed[at]! ^ (1 << (at % 8));
      for (const bytes of [goldenBytes.subarray(0, at), changed])
        expect(outcome((of) => nodeBatchOf(decodeWindow(of)), bytes)).toEqual(outcome(decodeBatch, bytes));
    }
  });

  it('are checked as lists are', () => {
    const faults: NodeBatchInit['cgroups'][] = [
      ...[2n ** 53n, 2n ** 53n + 1n, 2n ** 54n, 2n ** 64n - 1n].map((value) => ({
        ids: [1n, 2n],
        dentriesFreed: [0n, value],
      })),
      ...[
        [7n, 7n],
        [7n, 5n, 7n],
        [5n, 7n],
        [2n ** 32n, 1n],
        [2n ** 33n, 2n ** 33n],
        [2n ** 33n + 1n, 2n ** 33n],
      ].map((ids) => ({ ids })),
      { ids: [1n], dentriesFreed: [1n, 2n] },
    ];
    const said = faults.map((columns) => {
      const bytes = encode(columns);
      expect(isTyped(decodeWindow(bytes))).toBe(true);
      expect(checkBatch(decodeWindow(bytes))).toBe(checkBatch(decodeBatch(bytes)));
      return checkBatch(decodeWindow(bytes)) !== undefined;
    });
    expect(said).toEqual([false, true, true, true, true, true, false, false, true, false, true]);
  });

  it('are all that the wire has', () => {
    const cgroups = Object.fromEntries([
      ['ids', edgeIds],
      ...cgroupMetrics.map(({ column }) => [column, edges]),
    ]);
    const { cgroups: columns } = decodeWindow(encode(cgroups));
    for (const { column } of cgroupMetrics) expect([...columns![column]]).toEqual(edges);
  });
});

describe('the bytes without some fields', () => {
  const { field } = NodeBatchSchema;
  const left = ['cgroups', 'reclaims', 'cluster', 'state'] as const;
  const numbers = new Set(left.map((name) => field[name].number));
  const without = (window: WindowBatch) => bytesWithout(window, numbers);

  it.each([
    ['every field', goldenBytes],
    ['the first release', firstBytes],
    ['none of them', encode(undefined)],
    // Fields of one kind may lie apart, and of one that is there twice the last or the sum counts.
    ['fields apart from each other', Buffer.concat([encode({ ids: [1n] }), encode(undefined, { seq: 9n })])],
  ])('say all else: %s', (_, bytes) => {
    const whole = decodeBatch(bytes);
    for (const name of left) clearField(whole, field[name]);
    expect(decodeBatch(without(decodeWindow(bytes))!)).toEqual(whole);
  });

  it('are not there for what was not read, or was read the long way', () => {
    expect(without(createBatch(head))).toBeUndefined();
    expect(without({ ...decodeWindow(goldenBytes) })).toBeUndefined();
    const pieces = Buffer.concat([encode({ ids: [1n] }), encode({ ids: [2n] })]);
    expect(without(decodeWindow(pieces))).toBeUndefined();
  });
});

describe('memory that is used again', () => {
  const windowOf = (n: number) =>
    encode({ ids: [1n, 2n], dentriesAllocated: [BigInt(n), 2n ** 40n + BigInt(n)] });

  it('holds many windows at once, each with its own values', () => {
    const memory = new WindowMemory();
    for (let round = 0; round < 3; round++) {
      const bytes = Array.from({ length: 20_000 }, (_, n) => windowOf(round * 100_000 + n));
      const windows = bytes.map((one) => decodeWindow(one, memory));
      for (const [n, window] of windows.entries())
        if (n % 97 === 0 || n > 19_990) expect(nodeBatchOf(window)).toEqual(decodeBatch(bytes[n]!));
      memory.reuse();
    }
  });

  it('is overwritten only after it was given back', () => {
    const memory = new WindowMemory();
    const first = decodeWindow(windowOf(5), memory);
    decodeWindow(windowOf(6), memory);
    expect(first.cgroups!.dentriesAllocated[0]).toBe(5n);
    memory.reuse();
    decodeWindow(windowOf(7), memory);
    expect(first.cgroups!.dentriesAllocated[0]).toBe(7n);
  });

  it('has nothing left of what lay in it, whatever the lengths of the values', () => {
    const memory = new WindowMemory();
    const values = (round: number, n: number) => edges[(7 * round + 5 * n) % edges.length]!;
    for (let round = 0; round < 3 * edges.length; round++) {
      const columns = { ids: edgeIds, dentriesAllocated: edges.map((_, n) => values(round, n)) };
      const bytes = encode(columns);
      expect(nodeBatchOf(decodeWindow(bytes, memory))).toEqual(decodeBatch(bytes));
      memory.reuse();
    }
  });

  it('has room for a window that is larger than its pieces', () => {
    const ids = Array.from({ length: 40_000 }, (_, n) => BigInt(n + 1));
    const bytes = encode({ ids, dentriesAllocated: ids });
    expect(nodeBatchOf(decodeWindow(bytes, new WindowMemory()))).toEqual(decodeBatch(bytes));
  });
});
