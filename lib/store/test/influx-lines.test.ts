import { expect, test } from 'vitest';
import { cgroupMetrics, createBatch, decodeBatch, decodeWindow, encodeBatch } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import { Bytes } from '../src/influx/bytes.js';
import { nodeLine } from '../src/influx/line.js';
import { requests } from '../src/influx/requests.js';
import { info, window } from './fixtures.js';

const edges = [
  0n,
  1n,
  9n,
  10n,
  99n,
  100n,
  999_999_999n,
  1_000_000_000n,
  1_000_000_001n,
  2n ** 31n,
  2n ** 32n,
];
const large = [10n ** 15n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];

test('integers in decimal, up to 64 bits, and text of any length', () => {
  const bytes = new Bytes();
  const expected: string[] = [];
  for (const value of [...edges, ...large]) {
    bytes.integer(Number(value & 0xffffffffn), Number(value >> 32n));
    bytes.text(' ä€😀\n');
    expected.push(`${value} ä€😀\n`);
  }
  bytes.add(Buffer.alloc(300_000, 'x'));
  bytes.integer(7, 0);
  expect(bytes.done().toString()).toBe(`${expected.join('')}${'x'.repeat(300_000)}7`);
});

/** The lines by the book of line protocol, each put together for itself. */
const plain = ({ cgroups, cluster, node, bootId, windowStartMs }: NodeBatch) =>
  cgroups!.ids.map((id, row) => {
    const present = cgroupMetrics.filter(({ column }) => cgroups![column].length > 0);
    const fields = present.map(({ name, column }) => `${name}=${cgroups![column][row]}i`);
    return `cgroup,boot=${bootId},cgroup=${id},cluster=${cluster},node=${node} ${fields.join(',')} ${windowStartMs}`;
  });

test('the lines of windows with any columns, zeros in any place; in requests of 10,000', () => {
  const values = [...edges, ...large];
  const batches = Array.from({ length: 60 }, (_, n) => {
    const ids = Array.from({ length: 400 }, (_, row) => BigInt(row) + (n === 3 ? 2n ** 63n : 1n));
    const columns = cgroupMetrics
      .filter((_, at) => at % (1 + (n % 7)) === 0)
      .map(({ column }, at): [string, bigint[]] => {
        const of = (row: number) => values[(row * 7 + at * 3 + n) % values.length]!;
        return [column, ids.map((_, row) => (((row + n) >> (at % 9)) & 1 ? 0n : of(row)))];
      });
    const named = {
      cluster: 'c1',
      node: `n${n}`,
      bootId: 'b',
      windowStartMs: BigInt(n + 1),
      windowEndMs: 99n,
    };
    return createBatch({ ...named, seq: 1n, cgroups: { ids, ...Object.fromEntries(columns) } });
  });
  const nodes = batches.map(nodeLine);
  const made = [];
  const lines: string[] = [];
  for (const request of requests(batches, nodes)) {
    made.push(request);
    lines.push(...request.body.toString().trimEnd().split('\n'));
  }
  expect(made.map((request) => request.lines)).toEqual([10_000, 10_000, 4_060]);
  expect(lines).toEqual([...batches.flatMap(plain), ...nodes]);
  expect(made[1]!.origin(2_401)).toEqual({ batch: 31, row: 1 });
  expect(made[2]!.origin(4_059)).toEqual({ batch: 59, row: undefined });
});

test('what is kept of a window that was read is what is kept of one that was made', () => {
  const bytes = encodeBatch(
    window({ state: { nrDentry: 5n }, figures: { 7: 1n }, cgroupInfos: [info(7n, '/a')] }),
  );
  expect(decodeWindow(bytes)).not.toEqual(decodeBatch(bytes));
  expect(nodeLine(decodeWindow(bytes))).toBe(nodeLine(decodeBatch(bytes)));
});
